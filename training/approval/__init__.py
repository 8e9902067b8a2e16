"""Approval: identity of the person acting, and the rules of approval. Imports registry."""
