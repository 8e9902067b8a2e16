"""Answers given again from what the record holds of them."""
