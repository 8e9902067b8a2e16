"""Merkle tree, signed notes, checkpoints and their mirror (RFC 9162, C2SP).

Imports nothing else of serving.
"""
