"""Tasks as the service serves them: one folder each, and the catalogue that lists them.

The folder of a task builds a `ServedTask`, the only thing that the rest of serving knows of it.
Imports recommendation, policy, features and models; nothing of pipeline, review or HTTP.
"""
