"""One folder a task, and the catalogue through which the rest of serving knows tasks.

Imports policy, features and models; nothing of pipeline or HTTP.
"""
