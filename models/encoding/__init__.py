"""Feature list of a fitted model, and the encoding of inputs as numbers. Imports features only."""
