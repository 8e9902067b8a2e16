"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.schemas import own_schema

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


POSTGRES = "postgresql://postgres@127.0.0.1:5432/test"


@pytest.fixture(scope="session")
def postgres_server() -> sa.URL:
    """A PostgreSQL that runs; `TRIAGE_TEST_POSTGRES` says where. Skips, visibly, where none is.

    With CI set, absence is a failure.
    """
    url = sa.make_url(os.environ.get("TRIAGE_TEST_POSTGRES", POSTGRES))
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"))
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        reason = f"no PostgreSQL at {url!r}: {error.orig}; set TRIAGE_TEST_POSTGRES to one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    finally:
        engine.dispose()
    return url


@pytest.fixture
def postgres_url(postgres_server: sa.URL) -> Iterator[str]:
    """A URL whose tables live in a schema of their own, gone afterwards."""
    with own_schema(postgres_server) as (url, _):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def audit_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a record may live: a SQLite file, and a PostgreSQL schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'audit.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the public data sets; skips, visibly, where it is absent.

    With CI set, absence is a failure: a skipped backtest would say nothing at all.
    """
    folder = Path(os.environ.get("TRIAGE_REAL_DATA", ROOT.parent / "shared" / "data" / "real"))
    if folder.is_dir():
        return folder
    reason = f"no public data sets at {folder}; set TRIAGE_REAL_DATA to their folder"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
