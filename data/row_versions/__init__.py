"""Versions of rows: how loads are staged, merged and committed, and what was known when.

Imports the manifest, contracts and validation; nothing of sources or of the store.
"""
