"""C2SP signed notes: those of other implementations, and every way one can be wrong."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.transparency.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    ForgedNoteError,
    MalformedNoteError,
    Note,
    Verifier,
    WrongKeyError,
    open_note,
    sign_note,
)

# golang.org/x/mod/sumdb/note, note_test.go
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
BY_ENOCH = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WW"
    "d1RvMc+QQ=\n"
)
NOTE = f"{TEXT}\n{BY_PETER}"
# the example of the C2SP specification
SALVATORE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU"
    "0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
BY_FOO = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAl"
    "TgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

peter, enoch, foo = (Verifier.parse(text) for text in (PETER, ENOCH, FOO))
names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")).map(
    lambda t: t + "\n"
)
keys = st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes)


def verifier(name, key):
    return Verifier(name, key.public_key().public_bytes_raw())


def test_the_note_of_the_go_library_opens():
    assert open_note(NOTE, [peter]) == TEXT
    assert open_note(NOTE.encode(), [enoch, peter]) == TEXT


def test_signing_gives_the_go_librarys_note_to_the_byte():
    assert (
        str(sign_note(TEXT, "PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED)))
        == NOTE
    )


def test_a_note_of_two_opens_by_either_key():
    both = NOTE + BY_ENOCH
    for trusted in ([peter], [enoch], [peter, enoch]):
        assert Note.parse(both).signers(trusted) == trusted


def test_the_example_of_c2sp_parses_with_its_empty_line_in_the_text():
    note = Note.parse(SALVATORE)
    assert note.text.endswith("sole:\n\ned è subito sera.\n")
    assert [one.label for one in note.signatures] == ["quasimodo.example/salvatore+367ba04b"]
    assert str(note) == SALVATORE


def test_a_note_of_another_implementation_opens():
    assert open_note(BY_FOO, [foo]) == "This is an example message.\n"


@pytest.mark.parametrize("text", [PETER, ENOCH, FOO])
def test_a_verifier_key_is_written_as_it_was_read(text):
    assert str(Verifier.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PeterNeumann", "a verifier key is"),
        (PETER.replace("c74f20a3", "c74f20a4"), "that key's is c74f20a3"),
        (PETER.replace("Peter", "Pieter"), "that key's is"),
        (PETER[:-4], "a verifier key is"),
        (PETER.replace("+ARpc", "+Agpc"), "a verifier key is"),  # ECDSA
        (PETER.replace("PeterNeumann", ""), "is not empty"),
        (PETER.replace("PeterNeumann", "Peter Neumann"), "has no spaces"),
        (PETER[:-1] + "X", "that key's is"),
        (PETER[:-1] + "*", "a verifier key is"),
    ],
)
def test_a_text_that_is_no_verifier_key_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Verifier.parse(text)


@given(texts, names, keys)
def test_whatever_is_signed_opens(text, name, key):
    raw = str(sign_note(text, name, key))
    assert open_note(raw, [verifier(name, key)]) == text
    assert str(Note.parse(raw)) == raw


@given(texts, names, keys, st.data())
def test_a_note_with_any_byte_changed_does_not_open(text, name, key, data):
    raw = str(sign_note(text, name, key)).encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    with pytest.raises((MalformedNoteError, ForgedNoteError, WrongKeyError)):
        open_note(raw[:place] + bytes([other]) + raw[place + 1 :], [verifier(name, key)])


def test_a_changed_text_under_a_trusted_name_is_a_forgery():
    with pytest.raises(ForgedNoteError, match=r"PeterNeumann\+c74f20a3 is not by that key"):
        open_note(NOTE.replace("cryptography", "cryptografy"), [peter])


def test_one_forged_signature_of_a_trusted_key_spoils_the_note():
    spoilt = NOTE + BY_ENOCH.replace("+BzmZ", "+BzmY").replace("eBzmZ", "eBzmY")
    assert spoilt != NOTE + BY_ENOCH
    with pytest.raises(ForgedNoteError, match="EnochRoot"):
        open_note(spoilt, [peter, enoch])
    assert open_note(spoilt, [peter]) == TEXT  # of a key that is not known it is ignored


def test_no_trusted_key_names_those_found_and_those_trusted():
    with pytest.raises(
        WrongKeyError, match=r"signed by PeterNeumann\+c74f20a3; .* EnochRoot\+af0c"
    ):
        open_note(NOTE, [enoch])
    with pytest.raises(WrongKeyError, match="trusted are none"):
        open_note(NOTE, [])


def test_a_key_of_the_same_name_or_of_the_same_id_only_is_another_key():
    same_name = verifier("PeterNeumann", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    renamed = NOTE.replace("— PeterNeumann", "— Somebody")
    with pytest.raises(WrongKeyError):
        open_note(NOTE, [same_name])
    with pytest.raises(WrongKeyError):
        open_note(renamed, [peter])


@pytest.mark.parametrize(
    "raw",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—"),
        NOTE.replace("think", "th\tink"),
        NOTE.replace("think", "th\rink"),
        NOTE.replace("think", "th\0ink"),
        NOTE.replace("PeterNeumann ", "Peter+Neumann "),
        NOTE.replace("PeterNeumann ", "Peter\u2003Neumann "),
        NOTE.replace("PeterNeumann ", " "),
        NOTE.replace("nAM=", "nAN="),  # the same bytes, written as no encoder would
        NOTE.replace("nAM=", "nAM"),
        NOTE.replace("nAM=", "nA M="),
        f"{TEXT}\n— PeterNeumann x08gow==\n",  # an id and no signature
        NOTE + "and more\n",
        NOTE.encode().replace(b"think", b"th\xffink"),
        NOTE.replace("think", "th\ud800ink"),
        "x" * MAX_NOTE_BYTES + NOTE,
        TEXT + "\n" + BY_PETER * (MAX_SIGNATURES + 1),
    ],
)
def test_malformed_notes_are_refused(raw):
    with pytest.raises(MalformedNoteError):
        Note.parse(raw)


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n"])
def test_a_text_that_a_note_cannot_hold_is_not_signed(text):
    with pytest.raises(ValueError, match="note"):
        sign_note(text, "me", Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_name_that_a_key_cannot_have_is_refused(name):
    with pytest.raises(ValueError, match="key's name"):
        sign_note("text\n", name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
