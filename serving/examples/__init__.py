"""Examples for callers of the service.

Nothing else imports this package, and it imports nothing but itself.
"""
