"""The engine that builds training sets.

Asks, labels and their queries. Imports models, features and data; knows no single task.
"""
