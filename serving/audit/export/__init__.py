"""The record as files for auditors, with what proves that nothing is missing."""
