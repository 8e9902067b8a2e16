"""Commands of the serving room for `triage.py`. Heavy imports are made inside each command."""
