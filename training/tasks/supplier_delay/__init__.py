"""Training side of supplier_delay.

Its asks and labels. May import training.dataset, models, features and data.
"""
