"""A version taken into the lake, so that it can be tried against the record before it serves."""

import json

import pytest

from models.artefact.folder import load_artefact
from training.registry.champion_pointer import read_champion
from training.registry.export import VERSIONS_FILE, export_version

from .conftest import GOOD, NEWER, TASK

pytestmark = pytest.mark.slow(5)


def test_an_exported_version_can_be_found_without_the_registry(line):
    home = line.lake.models / TASK
    digests = {
        str(number): export_version(line.registry, TASK, number, home) for number in (GOOD, NEWER)
    }
    assert json.loads((home / VERSIONS_FILE).read_text()) == digests
    assert {load_artefact(home / digest, digest).digest for digest in digests.values()} == {
        *digests.values()
    }
    assert read_champion(line.lake, TASK) is None


def test_exporting_again_changes_nothing(line):
    home = line.lake.models / TASK
    export_version(line.registry, TASK, GOOD, home)
    before = (home / VERSIONS_FILE).stat().st_mtime_ns
    export_version(line.registry, TASK, GOOD, home)
    assert (home / VERSIONS_FILE).stat().st_mtime_ns == before
