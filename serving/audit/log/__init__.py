"""The log itself: entries, tables, group commit and queries. Imports transparency only."""
