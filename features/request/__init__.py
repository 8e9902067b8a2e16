"""Arithmetic on a case and its history."""
