"""How good a model is.

Metrics, intervals, statistics, baselines, plots. Imports training.dataset and models.
"""
