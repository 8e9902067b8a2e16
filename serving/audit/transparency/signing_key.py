"""The Ed25519 private key that signs checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from serving.audit.transparency.checkpoint import Checkpoint
from serving.audit.transparency.durable_files import create_private_file, read_private_file
from serving.audit.transparency.note import Signature, Verifier, key_id, validate_key_name


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key. Signs for any log; the log's name becomes the name of the key."""

    key: Ed25519PrivateKey = field(repr=False)
    public: bytes
    ids: dict[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, key: Ed25519PrivateKey) -> Self:
        """Wrap an Ed25519 key."""
        return cls(key, key.public_key().public_bytes_raw())

    @classmethod
    def load_or_make(cls, path: Path) -> Self:
        """Load the key from a file; create it if it is missing, once for all processes.

        Raises:
            OSError: the file cannot be read or made.
            ValueError: others can read it, or it holds no Ed25519 key as PEM.
        """
        if not path.exists():
            create_private_file(path, generate_key_pem)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load the key from a file.

        Raises:
            OSError, ValueError: as `load_or_make` says.
        """
        content = read_private_file(path, "the private key")
        try:
            key = serialization.load_pem_private_key(content, None)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} holds no PEM private key without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            got = type(key).__name__
            raise ValueError(  # noqa: TRY004 - of what the file holds
                f"{path} holds a {got}; it takes an Ed25519 key"
            )
        return cls.of(key)

    def note(self, origin: str, size: int, root: bytes) -> str:
        """Return the signed checkpoint of a log, as C2SP tlog-checkpoint text."""
        if origin not in self.ids:
            self.ids[origin] = key_id(validate_key_name(origin), self.public)
        text = Checkpoint(origin, size, root).text()
        return f"{text}\n{Signature(origin, self.ids[origin], self.key.sign(text.encode())).line()}"

    def verifier(self, origin: str) -> str:
        """Return the C2SP verifier key, with which an auditor checks the checkpoints of a log."""
        return str(Verifier(origin, self.public))


def generate_key_pem() -> bytes:
    """Generate a private key, as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
