"""A person is on record by a keyed digest, and nobody else can make it."""

import stat
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from data.lake import Lake
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms

KEY = bytes(range(32))


def test_a_person_has_one_pseudonym_whatever_the_unicode_form():
    people = Pseudonyms(KEY)
    name = "Zoë Müller"
    assert people.of(unicodedata.normalize("NFD", f"  {name}\n")) == people.of(name)


def test_a_pseudonym_is_the_published_keyed_digest_and_stays_what_it_is():
    # HMAC-SHA256 of ["exception-triage/person/1","default","ada"], worked out by openssl.
    assert Pseudonyms(KEY).of("ada") == "person-2c45a9c52f1ae13dfef3d8b440a71585"


def test_other_keys_tenants_and_persons_have_other_pseudonyms():
    made = {
        Pseudonyms(key, tenant).of(person)
        for key in (KEY, KEY[::-1])
        for tenant in ("default", "north", "")
        for person in ("ada", "bo", "Ada")
    }
    assert len(made) == 18


def test_tenant_and_person_cannot_be_shifted_into_each_other():
    assert Pseudonyms(KEY, "a").of("b c") != Pseudonyms(KEY, "a b").of("c")


@pytest.mark.parametrize("nobody", ["", " ", "\t\n"])
def test_nobody_has_no_pseudonym(nobody):
    with pytest.raises(ValueError, match="identifier is empty"):
        Pseudonyms(KEY).of(nobody)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "new" / "people.key"
    first = Pseudonyms.load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32
    assert Pseudonyms.load_or_make(path) == first
    assert [p.name for p in path.parent.iterdir()] == ["people.key"]


def test_a_key_never_shows_in_what_is_printed(tmp_path):
    assert repr(KEY) not in repr(Pseudonyms(KEY))


def test_processes_that_start_at_once_get_one_key(tmp_path):
    path, ready = tmp_path / "people.key", Barrier(8)

    def start(_):
        ready.wait(timeout=30)
        return Pseudonyms.load_or_make(path).of("ada")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_the_mend(tmp_path, mode):
    path = tmp_path / "people.key"
    Pseudonyms.load_or_make(path)
    path.chmod(mode)
    with pytest.raises(ValueError, match=f"mode {mode:04o}.*chmod 600 {path}"):
        Pseudonyms.load_or_make(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused(tmp_path, size):
    path = tmp_path / "people.key"
    path.write_bytes(b"x" * size)
    path.chmod(0o600)
    with pytest.raises(ValueError, match=f"holds {size} bytes"):
        Pseudonyms.load_or_make(path)


def test_a_lake_keeps_its_key_unless_the_settings_name_another(tmp_path, monkeypatch):
    lake = Lake(tmp_path)
    monkeypatch.delenv("TRIAGE_AUDIT_PSEUDONYM_KEY_FILE", raising=False)
    own = open_pseudonyms(lake)
    assert (tmp_path / "people.key").exists()
    monkeypatch.setenv("TRIAGE_AUDIT_PSEUDONYM_KEY_FILE", str(tmp_path / "else" / "k"))
    monkeypatch.setenv("TRIAGE_AUDIT_TENANT", "north")
    other = open_pseudonyms(lake)
    assert other.tenant == "north"
    assert other.of("ada") != own.of("ada")
