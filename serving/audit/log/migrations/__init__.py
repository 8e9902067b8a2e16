"""Alembic migrations of the audit tables, run by `serving.audit.log.schema`."""
