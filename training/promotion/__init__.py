"""Champion and challenger changes.

Promote, roll back, canary. Imports approval, card, registry and train.
"""
