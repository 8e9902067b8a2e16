"""One folder a task: case shape, features and history streams. Tasks do not import each other."""
