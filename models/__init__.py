"""Frames in, values out: fit, calibrate, explain, store. Imports features and data only."""
