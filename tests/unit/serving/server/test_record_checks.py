"""The doctor looks at the record, its keys and its second place, and makes none of them."""

import pytest
import sqlalchemy as sa

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.pseudonym import open_pseudonyms
from serving.runtime.settings import AuditSettings
from serving.server.doctor import audit_checks


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def used(lake):
    """A lake whose service has run."""
    lake.make()
    open_audit(lake).close()
    open_pseudonyms(lake)
    return lake


def found(lake, **settings):
    return {check.name: check for check in audit_checks(lake, AuditSettings(**settings))}


def test_nothing_is_made_where_nothing_is_yet(lake):
    checks = found(lake)
    assert all(check.well and "none yet" in check.found for check in checks.values())
    assert not lake.home.exists()


def test_a_record_that_was_used_is_well(used):
    checks = found(used)
    assert [check.name for check in checks.values() if not check.well] == []
    assert checks["Record"].found == "opens, at migration 0003"
    assert checks["Signing key"].found.endswith("audit.key is private")
    assert checks["Second place"].found.endswith("checkpoints can be written")


def test_a_record_on_either_store_opens_at_its_migration(lake, audit_url):
    settings = AuditSettings(url=audit_url)
    open_audit(lake.make(), settings).close()
    assert found(lake, url=audit_url)["Record"].found == "opens, at migration 0003"


def test_a_record_of_a_newer_version_is_not_well(used):
    engine = sa.create_engine(f"sqlite:///{used.audit}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    check = found(used)["Record"]
    assert (check.well, "newer than 0003" in check.found) == (False, True)


def test_a_damaged_record_is_named(used):
    used.audit.write_text("not a database, whatever its name says")
    check = found(used)["Record"]
    assert (check.well, "TRIAGE_AUDIT_URL" in check.mend) == (False, True)


@pytest.mark.parametrize("name", ["audit.key", "people.key"])
def test_a_key_that_others_can_read_says_how_to_mend_it(used, name):
    (used.home / name).chmod(0o644)
    wrong = [check for check in found(used).values() if not check.well]
    assert [f"chmod 600 {used.home / name}" in check.mend for check in wrong] == [True]


@pytest.mark.parametrize("where", ["file in the way", "ftp://somewhere/else"])
def test_a_second_place_that_cannot_be_used_is_named(used, where):
    blocker = used.home / "blocker"
    blocker.write_text("in the way")
    place = where if "://" in where else str(blocker / "inner")
    check = found(used, checkpoints=place)["Second place"]
    assert (check.well, "TRIAGE_AUDIT_CHECKPOINTS" in check.mend) == (False, True)
