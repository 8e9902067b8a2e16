"""One system's files to canonical tables, one file a source."""
