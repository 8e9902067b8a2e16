"""The task `uninvoiced_receipt` in the serving room."""
