"""C2SP checkpoints: the example of the specification, and texts that only look like one."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.transparency.checkpoint import (
    MAX_TREE_SIZE,
    Checkpoint,
    open_checkpoint,
    parse_unverified_checkpoint,
)
from serving.audit.transparency.note import (
    ForgedNoteError,
    Note,
    Verifier,
    WrongKeyError,
    sign_note,
)

ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
SOFA = Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
NOTE = (
    f"{TEXT}\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def verifier(name):
    return Verifier(name, KEY.public_key().public_bytes_raw())


def test_the_example_of_c2sp_is_read_and_written_to_the_byte():
    assert parse_unverified_checkpoint(NOTE) == Checkpoint.parse(TEXT) == SOFA
    assert SOFA.text() == TEXT
    assert str(Note.parse(NOTE)) == NOTE


@given(
    st.text("abc./-0", min_size=1),
    st.integers(0, MAX_TREE_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_whatever_is_written_is_read_back(origin, size, root):
    checkpoint = Checkpoint(origin, size, root)
    note = str(sign_note(checkpoint.text(), origin, KEY))
    assert open_checkpoint(note, [verifier(origin)]) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        TEXT[:-1],
        "example.com/behind-the-sofa\n20852163\n",
        TEXT.replace("example.com/behind-the-sofa", ""),
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("20852163", "-1"),
        TEXT.replace("20852163", "+1"),
        TEXT.replace("20852163", "1_000"),
        TEXT.replace("20852163", "\u0661"),  # a digit, and none of ASCII
        TEXT.replace("20852163", ""),
        TEXT.replace("20852163", str(2**63)),
        TEXT.replace("20852163", "9" * 5000),
        TEXT.replace("CsUYapGG", ""),
        TEXT.replace("q2I=", "q2J="),
        TEXT + "\n",
        TEXT + "\nafter an empty line\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError, match=r"a checkpoint has|a size is|a root is"):
        Checkpoint.parse(text)


def test_lines_that_extend_a_checkpoint_are_allowed():
    assert Checkpoint.parse(TEXT + "extension\n") == SOFA


def test_the_key_of_one_log_says_nothing_about_another():
    note = str(sign_note(Checkpoint("log/a", 3, ROOT).text(), "log/b", KEY))
    with pytest.raises(WrongKeyError, match=r"signed by log/b\+.*; trusted are log/a"):
        open_checkpoint(note, [verifier("log/b"), verifier("log/a")])


def test_a_checkpoint_of_another_size_under_the_same_signature_is_a_forgery():
    note = str(sign_note(Checkpoint("log/a", 3, ROOT).text(), "log/a", KEY)).replace(
        "\n3\n", "\n2\n"
    )
    with pytest.raises(ForgedNoteError):
        open_checkpoint(note, [verifier("log/a")])
    assert parse_unverified_checkpoint(note).size == 2


def test_a_signed_text_that_is_no_checkpoint_is_not_opened():
    with pytest.raises(ValueError, match="a checkpoint has lines"):
        open_checkpoint(str(sign_note("hello\n", "log/a", KEY)), [verifier("log/a")])
