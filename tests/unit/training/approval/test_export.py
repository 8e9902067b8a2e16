"""A version taken into the lake, so that it can be tried against the record before it serves."""

import json

from models.artefact import load
from training.export import VERSIONS, export
from training.pointer import champion

from .conftest import GOOD, NEWER, TASK


def test_an_exported_version_can_be_found_without_the_registry(line):
    home = line.lake.models / TASK
    digests = {str(number): export(line.registry, TASK, number, home) for number in (GOOD, NEWER)}
    assert json.loads((home / VERSIONS).read_text()) == digests
    assert {load(home / digest, digest).digest for digest in digests.values()} == {
        *digests.values()
    }
    assert champion(line.lake, TASK) is None


def test_exporting_again_changes_nothing(line):
    home = line.lake.models / TASK
    export(line.registry, TASK, GOOD, home)
    before = (home / VERSIONS).stat().st_mtime_ns
    export(line.registry, TASK, GOOD, home)
    assert (home / VERSIONS).stat().st_mtime_ns == before
