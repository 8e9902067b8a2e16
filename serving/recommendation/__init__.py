"""Recommendation of a case.

Domain values, reasons, wording, priority, abstention, fallback ladder. Pure: no clock, store, HTTP
or engine.
"""
