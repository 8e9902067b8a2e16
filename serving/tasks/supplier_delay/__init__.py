"""The task `supplier_delay` in the serving room.

Request message, rules, and what else is particular to it.
"""
