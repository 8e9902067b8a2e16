"""Features of uninvoiced_receipt: a goods receipt that waits for its invoice."""
