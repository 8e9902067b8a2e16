"""Erasure of payloads on request or by retention. Imports log, pseudonym and policy."""
