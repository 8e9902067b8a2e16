"""C2SP signed notes: a text, a blank line, and one line for each Ed25519 signature.

https://c2sp.org/signed-note, with Ed25519 (signature type 0x01) and no other type.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
KEY_BYTES = 32
ID_BYTES = 4
MAX_NOTE_BYTES = 2**20
MAX_SIGNATURES = 100
SIGNATURE_PREFIX = "\u2014 "


class MalformedNoteError(ValueError):
    """A text that is no signed note."""


class ForgedNoteError(ValueError):
    """A signature that names a trusted key, and that this key did not make."""


class WrongKeyError(ValueError):
    """A note that no trusted key has signed."""


@dataclass(frozen=True)
class Verifier:
    """A public key that signs notes under a name. key: 32 bytes, Ed25519 (RFC 8032)."""

    name: str
    key: bytes

    def __post_init__(self) -> None:
        validate_key_name(self.name)
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"an Ed25519 key has {KEY_BYTES} bytes, not {len(self.key)}")

    def __str__(self) -> str:
        """The text an auditor keeps: `<name>+<hex of the id>+<base64 of type and key>`."""
        return f"{self.label}+{b64encode(ED25519 + self.key).decode()}"

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature says whose it is."""
        return key_id(self.name, self.key)

    @property
    def label(self) -> str:
        """Name and id, as messages say them."""
        return f"{self.name}+{self.id.hex()}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """The key that `text` writes.

        Raises:
            ValueError: it is no verifier key, of another type than Ed25519, or its id is
                not that of its name and key.
        """
        wanted = "a verifier key is <name>+<8 hex digits>+<base64 of 0x01 and 32 bytes>"
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise ValueError(f"{wanted}; got {text!r}")
        raw = decode_strict_base64(parts[2])
        if raw is None or raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES:
            raise ValueError(f"{wanted}; got {text!r}")
        made = cls(parts[0], raw[1:])
        if made.id.hex() != parts[1]:
            raise ValueError(f"{text!r} gives the id {parts[1]}; that key's is {made.id.hex()}")
        return made

    def verifies(self, text: str, signature: bytes) -> bool:
        """Return whether this key made the signature of the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signature:
    """A line under a note: who says to have signed, and the bytes."""

    name: str
    id: bytes
    signature: bytes

    @property
    def label(self) -> str:
        """Name and id, as messages say them."""
        return f"{self.name}+{self.id.hex()}"

    def line(self) -> str:
        """The line of the note."""
        return f"{SIGNATURE_PREFIX}{self.name} {b64encode(self.id + self.signature).decode()}\n"


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and its signatures; none of them verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The note as it is written."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    @classmethod
    def parse(cls, raw: str | bytes) -> Note:
        """The note that `raw` writes, held to the letter of the specification.

        Raises:
            MalformedNoteError: it is none, too long, or signed too often.
        """
        whole = decode_note_text(raw)
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise MalformedNoteError("a note is text, a blank line and signature lines; it is not")
        found = lines[:-1].split("\n")
        if len(found) > MAX_SIGNATURES:
            raise MalformedNoteError(f"{len(found)} signatures; {MAX_SIGNATURES} are read")
        return cls(text + "\n", tuple(parse_signature(line) for line in found))

    def signers(self, keys: Iterable[Verifier]) -> list[Verifier]:
        """The trusted keys that signed it, one at least. Signatures of other keys are ignored.

        Raises:
            ForgedNoteError: a signature under a trusted key's name and id is not by that key.
            WrongKeyError: no trusted key has signed.
        """
        trusted = list(keys)
        signed = list[Verifier]()
        for line in self.signatures:
            named = [key for key in trusted if (key.name, key.id) == (line.name, line.id)]
            by = [key for key in named if key.verifies(self.text, line.signature)]
            if named and not by:
                raise ForgedNoteError(
                    f"the signature of {line.label} is not by that key; "
                    "the text or the signature was changed"
                )
            signed += by
        if not signed:
            raise wrong_key_error(self.signatures, trusted)
        return signed


def open_note(raw: str | bytes, keys: Iterable[Verifier]) -> str:
    """Return the text of a note that a trusted key has signed.

    Raises:
        MalformedNoteError, ForgedNoteError, WrongKeyError: as `Note.parse` and `signers` say.
    """
    note = Note.parse(raw)
    note.signers(keys)
    return note.text


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> Note:
    """Sign a text, which ends in a newline, under a name.

    Raises:
        ValueError: a text or a name that a note cannot hold.
    """
    if not decode_note_text(text).endswith("\n"):
        raise ValueError(f"the text of a note ends in a newline; got {text!r}")
    public = key.public_key().public_bytes_raw()
    made = Signature(validate_key_name(name), key_id(name, public), key.sign(text.encode()))
    return Note(text, (made,))


def key_id(name: str, key: bytes) -> bytes:
    """Return the id of an Ed25519 key under a name."""
    return sha256(name.encode() + b"\n" + ED25519 + key).digest()[:ID_BYTES]


def validate_key_name(name: str) -> str:
    """Return the name if a key may have it.

    Raises:
        ValueError: it is empty or has a space, a plus or a control character.
    """
    if not name or any(c.isspace() or c == "+" or c < " " for c in name):
        raise ValueError(f"a key's name has no spaces, no plus and is not empty; got {name!r}")
    return name


def decode_note_text(raw: str | bytes) -> str:
    """Decode UTF-8 text of bounded size without control characters."""
    try:
        data = raw.encode() if isinstance(raw, str) else raw
        text = data.decode()
    except UnicodeError as error:
        raise MalformedNoteError(f"a note is UTF-8 text: {error}") from error
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedNoteError(f"{len(data)} bytes; a note has at most {MAX_NOTE_BYTES}")
    control = next((c for c in text if c < " " and c != "\n"), None)
    if control is not None:
        raise MalformedNoteError(f"a note has no control character; got {control!r}")
    return text


def parse_signature(line: str) -> Signature:
    """Parse a signature line.

    Raises:
        MalformedNoteError: the line is not a signature.
    """
    name, space, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
    raw = decode_strict_base64(encoded)
    if not line.startswith(SIGNATURE_PREFIX) or not space or raw is None or len(raw) <= ID_BYTES:
        raise MalformedNoteError(
            f"a signature is '{SIGNATURE_PREFIX}<name> <base64>'; got {line[:200]!r}"
        )
    try:
        return Signature(validate_key_name(name), raw[:ID_BYTES], raw[ID_BYTES:])
    except ValueError as error:
        raise MalformedNoteError(str(error)) from error


def decode_strict_base64(text: str) -> bytes | None:
    """Decode standard base64; None if the text is not the only encoding of its bytes."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if b64encode(raw).decode() == text else None


def wrong_key_error(signatures: Sequence[Signature], trusted: Sequence[Verifier]) -> WrongKeyError:
    """Return the error that names the signers of a note and the trusted keys."""
    found = ", ".join(signature.label for signature in signatures)
    choices = ", ".join(key.label for key in trusted) or "none"
    return WrongKeyError(f"no trusted key has signed; signed by {found}; trusted are {choices}")
