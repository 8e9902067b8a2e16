"""Feature sets of public data that comes as prepared frames instead of canonical tables."""
