"""Features of invoice_mismatch."""
