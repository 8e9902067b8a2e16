"""What was known of an entity before a day, from its events."""
