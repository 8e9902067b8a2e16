"""Verification of the log and proofs of single entries. Imports log and transparency."""
