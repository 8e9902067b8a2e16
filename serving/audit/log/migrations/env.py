"""Alembic environment: run the revisions on the given connection and transaction."""

from alembic import context

from serving.audit.log.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
)
with context.begin_transaction():
    context.run_migrations()
