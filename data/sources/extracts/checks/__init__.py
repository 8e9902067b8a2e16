"""Plausibility of an extract, observed while its rows are read; imports the mapping."""
