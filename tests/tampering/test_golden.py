"""Golden logs named by attack: the same bytes when made again, and each called what it is."""

import pytest

from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.note import Verifier
from serving.audit.verify.verification import verify_log
from tests.tampering import golden, rows
from tests.tampering.tampered_copy import MIRROR_FOLDER, write_mirror

MOST_BYTES = 2 * 2**20


@pytest.fixture(params=sorted(golden.GOLDEN))
def name(request):
    return request.param


def verdict_of(name, url, folder):
    log, expected = golden.read(golden.FOLDER / name)
    store = AuditStore.open(url)
    rows.put(store, log.tables)
    write_mirror(log, folder)
    try:
        verdict = verify_log(
            store,
            keys=[Verifier.parse(log.vkey)],
            second_place=CheckpointMirror.open(folder / MIRROR_FOLDER),
            trusted=log.note if expected["trusted"] else None,
            workers=1,
        )
    finally:
        store.close()
    return verdict, expected


def holds(verdict, expected):
    if expected["fault"] is None:
        assert verdict.ok, verdict.findings
        got = {name: getattr(verdict, name) for name in ("size", "covered", "erased")}
        assert got == {name: expected[name] for name in got}
        return
    first = verdict.findings[0]
    assert (first.fault, first.sequence) == (expected["fault"], expected["sequence"]), (
        verdict.findings
    )
    assert expected["sentence"] in first.sentence


def test_the_log_is_called_what_it_is(name, tmp_path):
    holds(*verdict_of(name, f"sqlite:///{tmp_path / 'audit.db'}", tmp_path))


@pytest.mark.parametrize("name", ["happy-path", "deleted-middle", "rewritten-whole"])
def test_the_same_on_postgresql(name, postgres_url, tmp_path):
    holds(*verdict_of(name, postgres_url, tmp_path))


def test_made_again_it_is_the_same_to_the_last_byte(name):
    folder = golden.FOLDER / name
    there = {
        str(file.relative_to(folder)): file.read_bytes().decode()
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert dict(golden.texts(name)) == there


def test_every_folder_is_of_a_golden_log_and_small():
    assert {folder.name for folder in golden.FOLDER.iterdir()} == set(golden.GOLDEN)
    sizes = [file.stat().st_size for file in golden.FOLDER.rglob("*") if file.is_file()]
    assert sum(sizes) < MOST_BYTES
