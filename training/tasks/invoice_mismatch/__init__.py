"""Training side of invoice_mismatch.

Its asks and labels. May import training.dataset, models, features and data.
"""
