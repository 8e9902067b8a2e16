"""When each task asks, about what, and what could be known then."""
