"""Frames in, values out: fit, calibrate, explain, store."""
