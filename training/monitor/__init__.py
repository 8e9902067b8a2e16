"""Monitoring: does what is asked today, and how it ends, still look like what was learnt from."""
