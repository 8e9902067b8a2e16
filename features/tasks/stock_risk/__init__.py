"""Features of stock_risk."""
