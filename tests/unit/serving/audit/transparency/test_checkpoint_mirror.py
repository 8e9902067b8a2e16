"""The second place: a folder and a real S3 server, added to and never overwritten."""

from urllib.parse import urlsplit

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from serving.audit.transparency.checkpoint import parse_unverified_checkpoint
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror, DivergentHistoryError
from serving.audit.transparency.merkle import leaf_hash, root_of
from serving.audit.transparency.mirror_storage import (
    BucketStorage,
    CheckpointMirrorError,
    FolderStorage,
    url_secrets,
)
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.transparency.tiled_tree import (
    TILE_WIDTH,
    RightEdge,
    Tile,
    TiledTree,
    partial_tile_widths,
    tile_name,
)
from tests.support import merkle_oracle as oracle

pytestmark = pytest.mark.slow(4)

LEAVES = [leaf_hash(n.to_bytes(4)) for n in range(70_000)]
OTHERS = [*LEAVES[:40], leaf_hash(b"other"), *LEAVES[41:]]
ORIGIN, SECRET, USER = "log/a", "geheim/+x", "AKIAEXAMPLE"


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    given_to = {"aws_access_key_id": USER, "aws_secret_access_key": SECRET}
    boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint, **given_to).create_bucket(
        Bucket="second-place"
    )
    yield port
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def place(request, tmp_path):
    if request.param == "folder":
        return CheckpointMirror.open(tmp_path / "checkpoints")
    port = request.getfixturevalue("s3")
    return CheckpointMirror.open(url(port, tmp_path.name))


def url(port, folder):
    return (
        f"s3://{USER}:geheim%2F%2Bx@second-place/{folder}/log"
        f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
    )


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return SigningKey.load_or_make(tmp_path_factory.mktemp("key") / "audit.key")


@pytest.fixture(scope="module")
def put(key):
    def put(place, size, leaves=LEAVES, origin=ORIGIN, by=key):
        note = by.note(origin, size, root_of(leaves[:size]))
        place.write(note, Verifier.parse(by.verifier(origin)), lambda a, b: leaves[a - 1 : b])
        return note

    return put


def everything(place):
    """Every file and what it holds."""
    if isinstance(place.storage, FolderStorage):
        root = place.storage.path
        found = [path for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(root)): path.read_bytes() for path in found}
    names = [f"checkpoints/{size:020d}" for size in place.sizes()]
    tiles = [tile_name(0, 0, size) for size in place.sizes() if size <= TILE_WIDTH]
    return {name: place.storage.read(name) for name in ("checkpoint", "key", *names, *tiles)}


def test_written_files_can_be_read(place, put, key):
    assert (place.latest(), place.sizes(), place.keys()) == (None, [], [])
    notes = {size: put(place, size) for size in (1, 255, 256, 300)}
    assert place.latest() == notes[300]
    assert dict(place.checkpoints()) == notes
    assert place.note(255) == notes[255]
    assert place.note(2) is None
    assert place.keys() == [Verifier.parse(key.verifier(ORIGIN))]
    assert list(place.leaves()) == LEAVES[:300]
    assert list(place.leaves(200, 257)) == LEAVES[199:257]
    assert list(place.leaves(256, 256)) == LEAVES[255:256]


def test_writing_the_same_again_changes_nothing(place, put):
    put(place, 300)
    before = everything(place)
    put(place, 300)
    assert everything(place) == before


@pytest.mark.parametrize(
    ("size", "leaves", "origin"),
    [
        (50, LEAVES, ORIGIN),  # shorter
        (60, OTHERS, ORIGIN),  # another root at the same size
        (300, OTHERS, ORIGIN),  # longer, and not a continuation
        (300, LEAVES, "log/b"),
        (60, LEAVES, "log/b"),
    ],
)
def test_another_history_is_refused_by_both_names_and_what_is_there_is_left(
    place, put, size, leaves, origin
):
    put(place, 60)
    before = everything(place)
    both = rf"{ORIGIN} with 60 entries, root .* not the beginning of {origin} with {size} entries"
    with pytest.raises(DivergentHistoryError, match=both):
        put(place, size, leaves, origin)
    assert everything(place) == before


def test_another_root_is_refused_though_the_checkpoint_of_that_size_is_gone(tmp_path, put):
    place = CheckpointMirror.open(tmp_path)
    latest = put(place, 60)
    (tmp_path / f"checkpoints/{60:020d}").unlink()
    with pytest.raises(DivergentHistoryError, match=r"60 entries, root .* with 60 entries"):
        put(place, 60, OTHERS)
    assert place.latest() == latest
    assert place.note(60) is None


def test_hashes_that_do_not_make_the_signed_root_are_refused(place, put, key):
    note = key.note(ORIGIN, 60, root_of(LEAVES[:60]))
    verifier = Verifier.parse(key.verifier(ORIGIN))
    for wrong in (OTHERS[:60], LEAVES[:59], []):
        with pytest.raises(DivergentHistoryError):
            place.write(note, verifier, lambda a, b, wrong=wrong: wrong[a - 1 : b])
    assert place.latest() is None
    assert place.sizes() == []


def test_another_key_is_refused_until_somebody_adds_it_there(place, put, key, tmp_path):
    put(place, 5)
    new = SigningKey.load_or_make(tmp_path / "new.key")
    with pytest.raises(
        DivergentHistoryError, match=r"is signed by .*add its line to the file `key`"
    ):
        put(place, 9, by=new)
    lines = f"{key.verifier(ORIGIN)}\n{new.verifier(ORIGIN)}\n"
    place.storage.write("key", lines.encode())
    put(place, 9, by=new)
    assert place.sizes() == [5, 9]


def test_a_note_of_another_key_than_its_own_is_refused(place, key, tmp_path):
    other = SigningKey.load_or_make(tmp_path / "other.key")
    note = other.note(ORIGIN, 1, root_of(LEAVES[:1]))
    with pytest.raises(ValueError, match="no trusted key has signed"):
        place.write(note, Verifier.parse(key.verifier(ORIGIN)), lambda a, b: LEAVES[a - 1 : b])


def test_a_latest_checkpoint_that_is_gone_is_found_among_all(place, put):
    note = put(place, 7)
    if isinstance(place.storage, FolderStorage):
        (place.storage.path / "checkpoint").unlink()
    else:
        system, base = place.storage._opened
        system.delete_file(f"{base}/checkpoint")
    assert place.latest() == note
    with pytest.raises(DivergentHistoryError):
        put(place, 6)


def test_a_damaged_place_is_named_and_left(place, put):
    put(place, 60)
    place.storage.write("tile/0/000.p/60", b"".join(OTHERS[:60]))
    with pytest.raises(DivergentHistoryError, match=r"make .* but signed is"):
        put(place, 61)
    place.storage.write("tile/0/000.p/60", b"short")
    with pytest.raises(CheckpointMirrorError, match=r"lacks tile/0/000\.p/60"):
        put(place, 61)
    place.storage.write("checkpoint", b"hello\n")
    with pytest.raises(DivergentHistoryError, match="does not verify"):
        put(place, 61)


def test_hashes_that_are_not_there_are_named(place, put):
    with pytest.raises(CheckpointMirrorError, match="holds entries 1 to 0; not 1 to 5"):
        list(place.leaves(1, 5))
    put(place, 3)
    with pytest.raises(CheckpointMirrorError, match="holds entries 1 to 3; not 0 to 2"):
        list(place.leaves(0, 2))
    assert list(place.leaves(4, 3)) == []


def test_a_full_tile_serves_where_the_partial_one_was_removed(tmp_path, put):
    place = CheckpointMirror.open(tmp_path)
    put(place, 255)
    latest = place.latest()
    put(place, 256)
    (tmp_path / "tile/0/000.p/255").unlink()
    place.storage.write("checkpoint", latest.encode())
    assert list(place.leaves()) == LEAVES[:255]


def test_no_tile_is_ever_replaced(tmp_path, put):
    place = CheckpointMirror.open(tmp_path)
    place.storage.write("tile/0/000.p/2", b"x" * 64)
    with pytest.raises(DivergentHistoryError, match=r"holds another tile/0/000\.p/2"):
        put(place, 2)
    assert (tmp_path / "tile/0/000.p/2").read_bytes() == b"x" * 64
    assert place.latest() is None


def test_the_layout_is_that_of_tlog_tiles(tmp_path, put):
    """A tree of 70,000 as the specification tells its tiles."""
    place = CheckpointMirror.open(tmp_path)
    put(place, 70_000)
    files = set(everything(place))
    full = {f"tile/0/{n:03d}" for n in range(273)}
    others = {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert files == full | others | {"checkpoint", "key", f"checkpoints/{70_000:020d}"}
    roots = [root_of(LEAVES[n : n + 256]) for n in range(0, 69_888, 256)]
    assert (tmp_path / "tile/1/000").read_bytes() == b"".join(roots[:256])
    assert (tmp_path / "tile/1/001.p/17").read_bytes() == b"".join(roots[256:])
    assert (tmp_path / "tile/2/000.p/1").read_bytes() == root_of(LEAVES[:65_536])
    assert (tmp_path / "tile/0/272").stat().st_size == 8192


@pytest.mark.parametrize(
    ("index", "width", "name"),
    [
        (0, 256, "tile/0/000"),
        (999, 256, "tile/0/999"),
        (1000, 256, "tile/0/x001/000"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (1_234_067, 5, "tile/0/x001/x234/067.p/5"),
    ],
)
def test_tiles_are_numbered_in_folders_of_a_thousand(index, width, name):
    assert tile_name(0, index, width) == name


@given(st.integers(0, 70_000), st.integers(0, 3000))
@settings(max_examples=25, deadline=None)
def test_a_tree_grows_from_its_right_edge_as_if_it_were_made_at_once(size, more):
    begun, whole, end = RightEdge(), RightEdge(), min(size + more, len(LEAVES))
    tiles = [*begun.grow(LEAVES[:size])]
    edge = RightEdge(size, [list(row) for row in begun.rows])
    tiles += edge.grow(LEAVES[size:end])
    assert tiles == list(whole.grow(LEAVES[:end]))
    assert edge.root() == whole.root() == root_of(LEAVES[:end])
    assert [len(tile.hashes) for tile in edge.partial()] == [
        w for w in partial_tile_widths(end) if w
    ]


@given(st.integers(1, 30), st.integers(1, 30))
def test_proofs_from_the_tree_edge_equal_those_of_the_definition(size, index):
    data = [bytes([n]) for n in range(size)]
    edge = RightEdge()
    assert list(edge.grow(map(leaf_hash, data))) == []
    (tile,) = edge.partial()
    assert tile == Tile(0, 0, tuple(map(leaf_hash, data)))
    leaf = min(index, size) - 1
    path = TiledTree(size, lambda _level, _index: tile.hashes).inclusion(leaf)
    assert path == oracle.path(leaf, data)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6, unique=True))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_however_the_checkpoints_fall_all_hashes_are_there(tmp_path_factory, put, sizes):
    place = CheckpointMirror.open(tmp_path_factory.mktemp("place"))
    for size in sorted(sizes):
        put(place, size)
    assert list(place.leaves()) == LEAVES[: max(sizes)]
    assert [parse_unverified_checkpoint(note).size for _, note in place.checkpoints()] == sorted(
        sizes
    )


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = FolderStorage(tmp_path)
    folder.write("checkpoint", b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.atomic_file.os.fsync", full)
    with pytest.raises(CheckpointMirrorError, match="No space left"):
        folder.write("checkpoint", b"new and longer")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
    assert folder.read("checkpoint") == b"old"


def test_a_file_where_a_folder_should_be_is_named(tmp_path, put):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointMirrorError, match=str(tmp_path / "file")):
        put(CheckpointMirror.open(tmp_path / "file"), 1)


def said(call):
    """Everything an error says, with what led to it."""
    with pytest.raises(CheckpointMirrorError) as caught:
        call()
    error, texts = caught.value, []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__
    return "\n".join(texts)


def test_no_error_and_no_name_tells_a_secret(s3, put):
    away = url(s3, "a").replace("second-place", "no-such-bucket")
    unknown = f"s3://{USER}:geheim%2F%2Bx@bucket/a?unknown=geheim%2F%2Bx"
    azure = "abfss://container@account.dfs.core.windows.net/a?client_secret=geheim%2F%2Bx"
    told = ["s3://no-such-bucket/a/log", "s3://bucket/a", azure.partition("?")[0]]
    for address, name in zip((away, unknown, azure), told, strict=True):
        place = CheckpointMirror.open(address)
        text = said(lambda place=place: put(place, 1)) + place.told + repr(place)
        assert name in text
        for secret in (SECRET, USER, "geheim"):
            assert secret not in text


def test_a_credential_in_any_writing_is_hidden():
    bucket = BucketStorage(f"s3://{USER}:geheim%2F%2Bx@bucket/a?region=eu-1")
    assert bucket._without_secrets(f"{USER} geheim/+x geheim%2F%2Bx eu-1") == "*** *** *** eu-1"
    assert url_secrets(urlsplit("abfs://box@account.dfs.core.windows.net")) == []


def test_an_address_that_is_neither_folder_nor_object_storage_is_refused():
    with pytest.raises(ValueError, match=r"a folder or s3://, gs://.*; got ftp://"):
        CheckpointMirror.open(f"ftp://me:{SECRET}@host/a")
