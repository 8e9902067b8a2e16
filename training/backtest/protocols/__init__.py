"""How each public set and the lake become labelled asks for a backtest.

Imports training.tasks, training.dataset and training.parameters, nothing else of
training.backtest.
"""
