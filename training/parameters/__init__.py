"""Parameter files of tasks and public sets, and the search for better ones.

Imports dataset and models.
"""
