"""Boosted trees: training, prediction and contributions. Imports models.folds only."""
