"""Scores, recommendations, the record of them, and the pages people read."""
