"""Messages and routes."""
