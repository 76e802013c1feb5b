"""Templates at rest: as they are, or encrypted under a key file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol, runtime_checkable

from gaitway.errors import InputError, MissingExtraError, StoreError
from gaitway.files import atomic_file, translated

KEY_BYTES = 32
_NONCE = 12
_CHECK = b"gaitway gallery"


@runtime_checkable
class Seal(Protocol):
    """Turns an embedding's bytes into what is stored, and back."""

    name: str

    def seal(self, content: bytes, context: bytes) -> bytes: ...  # noqa: D102
    def unseal(self, stored: bytes, context: bytes) -> bytes: ...  # noqa: D102


class NoSeal:
    """Stores templates as they are."""

    name = "none"

    def seal(self, content: bytes, context: bytes) -> bytes:  # noqa: ARG002
        """Return ``content``."""
        return content

    def unseal(self, stored: bytes, context: bytes) -> bytes:  # noqa: ARG002
        """Return ``stored``."""
        return stored


class KeySeal:
    """ChaCha20-Poly1305 under a random nonce; ``context`` (the model) is authenticated with it.

    Args:
        key: 32 bytes.

    Raises:
        MissingExtraError: ``cryptography`` is not installed.

    Source:
        RFC 8439. Nonces are random: below 2^32 templates under one key, as galleries are, two meet with a
        chance under 2^-32.
    """

    name = "chacha20poly1305"

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
        except ImportError as error:
            raise MissingExtraError("cryptography", "encryption", "an encrypted gallery") from error
        self._cipher = ChaCha20Poly1305(key)

    def seal(self, content: bytes, context: bytes) -> bytes:
        """Encrypt ``content``."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, context)

    def unseal(self, stored: bytes, context: bytes) -> bytes:
        """Decrypt what ``seal`` made.

        Raises:
            StoreError: It was changed, or made with another key.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(stored[:_NONCE], stored[_NONCE:], context)
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                "a template cannot be decrypted: the key is another one's, or the template was changed: "
                "use the key file that the gallery was made with"
            ) from error


def open_seal(key_file: str | Path | None) -> Seal:
    """Return the seal of a key file; none without one.

    Raises:
        InputError: The file is no key.
        StoreError: It cannot be read.
    """
    if key_file is None:
        return NoSeal()
    return KeySeal(read_key(Path(key_file)))


def read_key(path: Path) -> bytes:
    """Return the 32 bytes of a key file: 64 hex digits.

    Raises:
        InputError: The file holds something else.
    """
    with translated("read", path):
        content = path.read_bytes()
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InputError(f"{path} is no key file: wanted 64 hex digits, as 'gaitway gallery key FILE' writes")
    return key


def write_key(path: Path) -> None:
    """Write a fresh random key that only the owner may read.

    Raises:
        StoreError: The file is there already (it may be all that opens a gallery), or cannot be written.
    """
    if path.exists():
        raise StoreError(f"{path} exists: choose another file, a key is never overwritten")
    with atomic_file(path) as file:
        Path(file.name).chmod(0o600)
        file.write(f"{secrets.token_hex(KEY_BYTES)}\n".encode())


def check_value(seal: Seal) -> str:
    """Return what a new gallery keeps, to tell later whether a key is its own."""
    return f"{seal.name}:{seal.seal(_CHECK, _CHECK).hex()}"


def check_seal(seal: Seal, kept: str, shown: str) -> None:
    """Raise unless ``seal`` is the one that ``kept`` was made with.

    Raises:
        StoreError: A key is missing, not wanted, or another one.
    """
    name, _, stored = kept.partition(":")
    if name != seal.name:
        what = (
            "is encrypted: give its key file"
            if name != "none"
            else "is not encrypted: leave the key file out"
        )
        raise StoreError(f"the gallery {shown} {what} (--key)")
    try:
        if seal.unseal(bytes.fromhex(stored), _CHECK) == _CHECK:
            return
    except StoreError:
        pass
    raise StoreError(f"the key is not that of the gallery {shown}: use the key file it was made with")
