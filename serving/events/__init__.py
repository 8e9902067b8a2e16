"""Events: what the record tells others, and what others tell the record."""
