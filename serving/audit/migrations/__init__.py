"""Migrations of the record (Alembic), run by `AuditStore.open`: see serving.audit.schema."""
