"""The key that signs checkpoints: one a lake, whoever starts first, and nobody else's to read."""

import multiprocessing
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data.lake import Lake
from serving.audit.factory import (
    load_signing_key,
    open_audit,
    open_checkpoint_mirror,
    trusted_verifiers,
)
from serving.audit.transparency.checkpoint import Checkpoint, open_checkpoint
from serving.audit.transparency.durable_files import create_private_file
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.runtime.settings import AuditSettings

pytestmark = pytest.mark.slow(3)

ROOT = b"r" * 32


def pem(key, password=None):
    hidden = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def put(path, content, mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return path


def start(path, barrier, found):
    barrier.wait()
    found.put(SigningKey.load_or_make(Path(path)).public)


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "deep" / "audit.key"
    made = SigningKey.load_or_make(path)
    assert SigningKey.load_or_make(path).public == made.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert [one.name for one in path.parent.iterdir()] == ["audit.key"]


def test_processes_that_start_at_once_end_with_one_key(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(4), context.Queue()
    path = tmp_path / "audit.key"
    processes = [context.Process(target=start, args=(path, barrier, found)) for _ in range(4)]
    for process in processes:
        process.start()
    keys = {found.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert keys == {SigningKey.load(path).public}
    assert [one.name for one in tmp_path.iterdir()] == ["audit.key"]


def test_a_second_creator_keeps_the_key_of_the_first(tmp_path):
    path = put(tmp_path / "audit.key", b"the first")
    create_private_file(path, lambda: b"the second")
    assert path.read_bytes() == b"the first"
    assert [one.name for one in tmp_path.iterdir()] == ["audit.key"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_can_use_is_refused_with_the_mend(tmp_path, mode):
    path = put(tmp_path / "audit.key", pem(Ed25519PrivateKey.generate()), mode)
    with pytest.raises(ValueError, match=f"mode 0{mode:o}.*chmod 600 {path}"):
        SigningKey.load_or_make(path)


def test_a_key_that_its_owner_cannot_change_is_taken(tmp_path):
    key = Ed25519PrivateKey.generate()
    path = put(tmp_path / "audit.key", pem(key), 0o400)
    assert SigningKey.load_or_make(path).public == key.public_key().public_bytes_raw()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no PEM private key"),
        (b"-----BEGIN PRIVATE KEY-----", "holds no PEM private key"),
        (pem(Ed25519PrivateKey.generate(), b"secret"), "without a password"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "it takes an Ed25519 key"),
    ],
)
def test_a_file_that_holds_another_thing_is_refused_not_replaced(tmp_path, content, message):
    path = put(tmp_path / "audit.key", content)
    with pytest.raises(ValueError, match=message):
        SigningKey.load_or_make(path)
    assert path.read_bytes() == content


def test_signed_notes_open_with_the_auditor_s_verifier(tmp_path):
    key = SigningKey.load_or_make(tmp_path / "audit.key")
    for origin in ("log/a", "log/b"):
        for size in (0, 7):
            note = key.note(origin, size, ROOT)
            checkpoint = open_checkpoint(note, [Verifier.parse(key.verifier(origin))])
            assert checkpoint == Checkpoint(origin, size, ROOT)


def test_the_private_key_is_in_no_message(tmp_path):
    key = SigningKey.load_or_make(tmp_path / "audit.key")
    assert "PrivateKey" not in repr(key)


def test_the_record_of_a_lake_is_signed_with_the_lakes_key(tmp_path):
    lake = Lake(tmp_path)
    store = open_audit(lake)
    assert store.signer.public == SigningKey.load(tmp_path / "audit.key").public
    origin = store.head().origin
    store.close()
    assert trusted_verifiers(lake) == [Verifier.parse(load_signing_key(lake).verifier(origin))]
    assert open_checkpoint_mirror(lake).told == str(tmp_path / "checkpoints")


def test_the_settings_say_where_key_and_checkpoints_are(tmp_path):
    settings = AuditSettings(key_file=tmp_path / "own.key", checkpoints="s3://bucket/audit")
    lake = Lake(tmp_path / "lake")
    open_audit(lake, settings).close()
    assert (tmp_path / "own.key").exists()
    assert not (tmp_path / "lake" / "audit.key").exists()
    assert open_checkpoint_mirror(lake, settings).told == "s3://bucket/audit"


def test_after_a_change_of_key_the_old_one_is_trusted_as_far_as_the_second_place_does(tmp_path):
    lake = Lake(tmp_path)
    (now,) = trusted_verifiers(lake)
    old = Verifier(now.name, bytes(32))
    other_log = Verifier("another/log", bytes(32))
    open_checkpoint_mirror(lake).storage.write("key", f"{old}\n{now}\n{other_log}\n".encode())
    assert trusted_verifiers(lake) == [now, old]
