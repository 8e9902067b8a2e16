"""Conformal prediction: class sets, quantile shifts, similar cases. Imports no other package."""
