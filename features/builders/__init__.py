"""Builders of features that several tasks use. Imports features.cases and features.feature."""
