"""Features of supplier_delay."""
