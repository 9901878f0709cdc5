"""The keys that tokens are verified with, read from a secret, a PEM file or a JWKS document. Pure.

What must not break: a key has one algorithm, fixed by what it is. A token never chooses how it is checked, and its
`kid` is only ever compared with the names of keys that are held.
"""

import json
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_MOST_KEYS = 32
_LEAST_RSA_BITS = 2048
_LEAST_SECRET_BYTES = 32
_PEM_END = b"-----END PUBLIC KEY-----"


class KeysUnfit(ValueError):
    """No usable key in what was read; the text says what is needed."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the one algorithm that it is used with; `kid` is its name in a JWKS."""

    algorithm: str
    material: Any
    kid: str | None = None


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys held. Named ones are found by `kid` alone; unnamed ones are tried in turn."""

    keys: tuple[Key, ...]
    named: bool = False

    def candidates(self, algorithm: object, kid: object) -> list[Key]:
        """Give the keys that a token with this header may have been signed with."""
        fit = [key for key in self.keys if key.algorithm == algorithm]
        return [key for key in fit if key.kid == kid] if self.named else fit

    def knows(self, kid: object) -> bool:
        """Whether a key of this name is held; unnamed keys make no difference between names."""
        return not self.named or any(key.kid == kid for key in self.keys)


def keys_of_secret(secret: str) -> KeySet:
    """HS256, for a laptop. Raises KeysUnfit."""
    if len(secret.encode()) < _LEAST_SECRET_BYTES:
        raise KeysUnfit(f"a secret needs {_LEAST_SECRET_BYTES} bytes at least")
    return KeySet((Key("HS256", secret),))


def keys_of_pem(pem: bytes) -> KeySet:
    """One public key, or several one after the other while they are being changed. Raises KeysUnfit."""
    blocks = [block + _PEM_END for block in pem.split(_PEM_END)[:-1]]
    if not blocks:
        raise KeysUnfit("no public key in it: it must hold -----BEGIN PUBLIC KEY-----")
    return KeySet(tuple(_pem_key(block) for block in blocks[:_MOST_KEYS]))


def keys_of_jwks(document: bytes) -> KeySet:
    """Read a provider's keys (RFC 7517); those of other kinds or uses are passed over. Raises KeysUnfit."""
    try:
        parsed = json.loads(document)
        listed = parsed["keys"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise KeysUnfit("that is no JWKS document: it must be an object with keys") from error
    found = [_jwk(entry) for entry in listed[:_MOST_KEYS]] if isinstance(listed, list) else []
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise KeysUnfit("no usable key in it: RSA (RS256, 2048 bits or more) or EC P-256 (ES256), with a kid")
    return KeySet(keys, named=True)


def _pem_key(block: bytes) -> Key:
    try:
        material = load_pem_public_key(block.strip())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeysUnfit(f"a public key in it can't be read: {error}") from error
    algorithm = _algorithm_of(material)
    if algorithm is None:
        raise KeysUnfit("a key in it is neither RSA (2048 bits or more) nor EC P-256")
    return Key(algorithm, material)


def _jwk(entry: object) -> Key | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    kid = entry.get("kid")
    if entry.get("kty") not in ("RSA", "EC") or not isinstance(kid, str) or not kid:
        return None
    algorithm = "RS256" if entry["kty"] == "RSA" else "ES256"
    if entry.get("alg", algorithm) != algorithm:
        return None
    try:
        material = jwt.PyJWK(entry, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return Key(algorithm, material, kid) if _algorithm_of(material) == algorithm else None


def _algorithm_of(material: Any) -> str | None:
    if isinstance(material, RSAPublicKey) and material.key_size >= _LEAST_RSA_BITS:
        return "RS256"
    if isinstance(material, EllipticCurvePublicKey) and isinstance(material.curve, SECP256R1):
        return "ES256"
    return None
