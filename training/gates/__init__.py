"""Gates: what a model must pass before a person may put it into service."""
