"""OpenAPI document.

Additions to what FastAPI derives, the released contract, and the compatibility check.
"""
