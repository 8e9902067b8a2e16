"""Pointers are read, or said to be damaged; a path is never made of anything but a digest."""

import json

import pytest

from serving.model_registry.pointer import ModelAlias, ModelPointer, PointerError, read_pointer

DIGEST = "ab" * 32


def test_a_pointer_names_the_champion_and_the_one_before(tmp_path):
    before = {"version": 1, "digest": "cd" * 32, "previous": []}
    fields = {"version": 2, "digest": DIGEST, "previous": [before]}
    (tmp_path / "champion.json").write_text(json.dumps(fields))
    champion = read_pointer(tmp_path, ModelAlias.CHAMPION)
    assert (champion.version, champion.digest) == ("2", DIGEST)
    assert read_pointer(tmp_path, ModelAlias.PREVIOUS) == champion.previous
    assert champion.previous.version == "1"
    assert read_pointer(tmp_path, ModelAlias.CHALLENGER) is None


def test_a_challenger_has_a_share_and_a_seed(tmp_path):
    fields = {"version": 2, "digest": DIGEST, "share": 0.05, "seed": "s"}
    (tmp_path / "challenger.json").write_text(json.dumps(fields))
    assert read_pointer(tmp_path, ModelAlias.CHALLENGER) == ModelPointer("2", DIGEST, 0.05, "s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"version": "1", "dig',
        "[]",
        "null",
        '{"version": "1"}',
        '{"version": "1", "digest": "../../etc"}',
        '{"version": "", "digest": "%s"}'.replace("%s", DIGEST),
        '{"version": "1", "digest": "%s", "share": 2}'.replace("%s", DIGEST),
        '{"version": "1", "digest": "%s", "share": "all"}'.replace("%s", DIGEST),
        '{"version": "1", "digest": "%s", "previous": [3]}'.replace("%s", DIGEST),
        "[" * 100_000,
        "\x00" * (2**20 + 5),
    ],
)
def test_a_damaged_pointer_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / "champion.json").write_text(text)
    with pytest.raises(PointerError, match=r"champion\.json cannot be read"):
        read_pointer(tmp_path, ModelAlias.CHAMPION)
