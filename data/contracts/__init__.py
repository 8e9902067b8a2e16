"""The canonical tables, one file each."""
