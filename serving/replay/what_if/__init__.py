"""Recorded answers compared with those of another policy or model.

May import replay and what it may import.
"""
