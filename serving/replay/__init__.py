"""Recorded answers recomputed and compared.

May import pipeline, model_registry, audit and below; nothing of review or http.
"""
