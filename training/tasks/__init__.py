"""One folder a task with its asks and labels, and the catalogue that joins them.

May import training.dataset.
"""
