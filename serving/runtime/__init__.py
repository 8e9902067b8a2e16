"""Foundations of every process: settings, request context, circuit breaker, periodic worker.

Imports nothing of serving.
"""
