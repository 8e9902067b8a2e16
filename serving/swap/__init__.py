"""Models swapped while the service answers: followed, tried, compared, never trusted at once."""
