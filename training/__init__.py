"""Asks, labels, splits, runs and promotion."""
