"""Signs exports with the gallery's own key, made on first use and kept in the gallery."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gaitway.adapters.gallery import facts
from gaitway.errors import MissingExtraError

_SEED = "signing_seed"


def sign(connection: Connection, content: bytes) -> dict[str, str]:
    """Return the Ed25519 signature of ``content`` and the public key, in hex.

    Raises:
        MissingExtraError: ``cryptography`` is not installed.
    """
    _need()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = facts.get(connection, _SEED)
    if seed is None:
        seed = secrets.token_hex(32)
        facts.put(connection, _SEED, seed)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    public = key.public_key().public_bytes_raw().hex()
    return {"algorithm": "ed25519", "public_key": public, "signature": key.sign(content).hex()}


def is_signed(signature: Mapping[str, Any], content: bytes) -> bool:
    """Return whether ``signature`` is good for ``content``.

    Raises:
        ValueError, KeyError: It is no signature at all.
        MissingExtraError: ``cryptography`` is not installed.
    """
    _need()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["public_key"]))
    try:
        key.verify(bytes.fromhex(signature["signature"]), content)
    except InvalidSignature:
        return False
    return True


def fingerprint(public_key: str) -> str:
    """Return a public key as people compare it: 32 hex digits."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]


def _need() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("cryptography", "encryption", "a signed archive") from error
