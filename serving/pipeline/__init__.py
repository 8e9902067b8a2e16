"""From a request to recorded recommendations.

Micro-batcher, model selection, scoring, fallback, deadline, idempotency, engine. Knows nothing of
HTTP; imports model_registry and what is below it, and audit.
"""
