"""Examples for those who call the service; nothing here is part of it."""
