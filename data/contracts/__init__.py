"""The canonical tables, one file each. Imports nothing but data.lazy_imports."""
