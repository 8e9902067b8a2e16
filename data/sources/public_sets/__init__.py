"""Public data sets, one file each, as canonical frames. Imports contracts only."""
