"""An artefact is read only if every byte of it is what was written."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from models.artefact.folder import MANIFEST, ArtefactError, load_artefact, save_artefact, to_files
from models.artefact.golden_rows import GoldenError, check_golden

FILES = (
    "model.txt",
    "quantile_0.1.txt",
    "quantile_0.5.txt",
    "quantile_0.9.txt",
    "calibration.json",
    "conformal.json",
    "features.json",
    "reference.json",
    "golden.json",
    "card.md",
    "rules.json",
    MANIFEST,
)


@pytest.fixture
def folder(binary, tmp_path):
    save_artefact(binary[0].model, tmp_path / "model")
    return tmp_path / "model"


def test_the_folder_holds_these_text_files_and_no_others(folder):
    assert {path.name for path in folder.iterdir()} == set(FILES)
    for path in folder.iterdir():
        path.read_text(encoding="utf-8")


def test_the_digest_is_the_sha256_of_the_manifest(folder, binary):
    digest = sha256((folder / MANIFEST).read_bytes()).hexdigest()
    assert digest == binary[0].model.digest == load_artefact(folder).digest


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ArtefactError, match=f"{name} cannot be read: No such file"):
        load_artefact(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["truncated", "edited", "emptied"])
def test_a_damaged_file_is_refused_before_anything_is_parsed(folder, binary, name, damage):
    content = bytearray((folder / name).read_bytes())
    if damage == "edited":
        content[len(content) // 2] ^= 1
    kept = {"truncated": content[: len(content) // 2], "edited": content, "emptied": b""}[damage]
    (folder / name).write_bytes(bytes(kept))
    with pytest.raises(ArtefactError, match=r"damaged|digest is"):
        load_artefact(folder, binary[0].model.digest)


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b'{"files": 3}', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused_also_without_a_digest(folder, damage):
    (folder / MANIFEST).write_bytes(damage)
    with pytest.raises(ArtefactError, match=r"manifest\.json is damaged"):
        load_artefact(folder)


def test_a_manifest_that_leaves_out_a_file_is_refused(folder):
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["files"]["golden.json"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / "golden.json").unlink()
    with pytest.raises(ArtefactError, match=r"list .*golden\.json"):
        load_artefact(folder)


def test_an_extra_file_is_named(folder):
    (folder / "model.pkl").write_bytes(b"")
    with pytest.raises(ArtefactError, match=r"model\.pkl is not in the manifest; it lists"):
        load_artefact(folder)


def test_another_model_than_the_one_asked_for_is_refused_with_both_digests(folder, binary):
    with pytest.raises(ArtefactError, match=f"{binary[0].model.digest}, asked for {'0' * 64}"):
        load_artefact(folder, "0" * 64)


def test_a_folder_that_holds_something_is_not_written_to(folder, binary):
    with pytest.raises(FileExistsError, match="is not empty"):
        save_artefact(binary[0].model, folder)


def test_saving_what_was_loaded_gives_the_same_bytes(folder, either):
    model = either[0].model
    assert to_files(replace(model, digest="")) == to_files(model)
    assert to_files(load_artefact(folder)) == {
        path.name: path.read_text() for path in folder.iterdir()
    }


def test_nothing_in_it_says_how_many_threads_or_where(folder):
    text = "".join(path.read_text() for path in folder.iterdir())
    assert "num_threads" not in text
    assert "/" not in json.loads((folder / MANIFEST).read_text())["files"]
    assert str(folder.parent) not in text


def test_golden_rows_are_scored_again_to_the_last_bit(either):
    check_golden(either[0].model)


def test_a_golden_row_that_differs_is_named_with_both_numbers(binary):
    model = binary[0].model
    other = json.loads(json.dumps(model.golden))
    other["answers"]["probability"][3] = [(0.25).hex(), (0.75).hex()]
    with pytest.raises(GoldenError, match=r"golden row 3: probability was 0\.25, 0\.75, is"):
        check_golden(replace(model, golden=other))


def rewritten(folder, change):
    """The manifest after a change of its fields, as if it had been written so."""
    fields = json.loads((folder / MANIFEST).read_text())
    change(fields)
    (folder / MANIFEST).write_text(json.dumps(fields))


@pytest.mark.parametrize("other", [2, 7])
def test_another_format_is_named_with_the_one_that_is_read(folder, other):
    rewritten(folder, lambda fields: fields.update(format=other))
    with pytest.raises(ArtefactError, match=f"is of format {other}; this version reads 5: train"):
        load_artefact(folder)


def test_an_explainer_that_nobody_knows_is_refused(binary, tmp_path):
    fitted, _ = binary
    save_artefact(fitted.model, tmp_path / "model")
    path = tmp_path / "model" / "manifest.json"
    path.write_text(path.read_text().replace('"quadrature"', '"tea leaves"'))
    with pytest.raises(ArtefactError, match="tea leaves"):
        load_artefact(tmp_path / "model")
