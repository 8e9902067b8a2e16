"""Authentication and authorisation.

Callers, scopes, API keys, tokens of an identity provider, rate limits. Knows nothing of HTTP
routes; imports audit and runtime.
"""
