"""What every process of the service stands on.

Settings, request context, circuit breaker, periodic worker. Imports nothing of serving.
"""
