"""Calibration of margins to probabilities. Imports models.folds only."""
