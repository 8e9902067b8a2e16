"""Training side of uninvoiced_receipt."""
