"""What became of an ask, and since when that is known."""
