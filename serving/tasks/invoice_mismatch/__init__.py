"""The task `invoice_mismatch` in the serving room.

Request message, rules, and what else is particular to it.
"""
