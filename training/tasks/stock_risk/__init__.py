"""Training side of stock_risk.

Its asks and labels. May import training.dataset, models, features and data.
"""
