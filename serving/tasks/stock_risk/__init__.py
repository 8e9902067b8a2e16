"""The task `stock_risk` in the serving room.

Request message, rules, and what else is particular to it.
"""
