"""Fixtures of all tests, and how their run is ordered and placed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support import once_per_run
from tests.support.postgres_schemas import temporary_schema

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


MEMORY_DISK = Path("/dev/shm")
FREE_BYTES = 6 * 2**30
"""A run keeps about a third of this at once; a smaller memory disk is left alone."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary files in memory, and let processes that share the cores use one thread each.

    Thousands of small commits wait for a disk otherwise. `--basetemp` and `TMPDIR` go first.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = config.option.basetemp or "TMPDIR" in os.environ
    if not chosen and MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > FREE_BYTES:
        os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY_DISK)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, so that no process is left alone with one at the end."""
    items.sort(key=_seconds, reverse=True)


def _seconds(item: pytest.Item) -> float:
    """Return what the mark `slow` of a test or its module says; 0 where there is none."""
    mark = item.get_closest_marker("slow")
    return mark.args[0] if mark else 0.0


@pytest.fixture(scope="session", autouse=True)
def _shared_by_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Share the folder of once-per-run content between all processes of the run."""
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(once_per_run.SHARED_FOLDER_VARIABLE, str(run / "made_once"))
        yield


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
    with temporary_schema(postgres_server) as (url, _):
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
