"""Canonical history: contracts, sources, quarantine, the store. Imports no other room."""
