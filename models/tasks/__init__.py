"""Tasks, one file each. Imports features.tasks and models.task."""
