"""MLflow registry, run tracking, champion pointer and export. Imports evaluation and dataset."""
