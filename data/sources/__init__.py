"""Readers of source systems: site extracts and public data sets, as batches for ingest."""
