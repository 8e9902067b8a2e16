"""Processes of the service.

BentoML service, ASGI stack, start and stop, background workers, supervisor. Top layer: may import
everything in serving but commands.
"""
