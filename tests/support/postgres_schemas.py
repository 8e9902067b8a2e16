"""A PostgreSQL schema of its own for whoever asks, so that tests do not see each other."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def temporary_schema(server: sa.URL) -> Iterator[tuple[str, str]]:
    """A URL whose tables live in a schema of their own, gone afterwards; and the schema's name."""
    schema = f"triage_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    own = server.update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False), schema
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    engine.dispose()
