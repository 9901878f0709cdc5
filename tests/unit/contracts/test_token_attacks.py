"""Forged, twisted and oversized tokens: each is refused in words, and none makes the verifier stumble."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from order_contracts.claims import LEEWAY_SECONDS, MOST_TOKEN_BYTES, KeyUnknown, TokenRefused, verify
from order_contracts.keys import Key, KeySet, KeysUnfit, keys_of_jwks, keys_of_pem, keys_of_secret

SECRET = "a-secret-of-thirty-two-bytes-at-least"
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
SMALL_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505  # to be refused
EC = ec.generate_private_key(ec.SECP256R1())


def pem(private: Any) -> bytes:
    encoded: bytes = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def jwk(private: Any, **more: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(private.public_key(), as_dict=True), "use": "sig", **more}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "sub": "pos-1",
        "org": "org",
        "venues": ["v1"],
        "scope": "orders:read",
        "iat": now,
        "exp": now + 600,
        "iss": "scanserve",
        "aud": "scanserve",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def part(content: Any) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def hs256(header: dict[str, Any], payload: Any, secret: bytes) -> str:
    """Sign as no library would agree to."""
    signed = f"{part(header)}.{part(payload)}"
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


SECRET_KEYS = keys_of_secret(SECRET)
PEM_KEYS = keys_of_pem(pem(RSA))
JWKS_KEYS = keys_of_jwks(jwks(jwk(RSA, kid="one"), jwk(EC, kid="two")))
HS, RS = {"alg": "HS256", "typ": "JWT"}, {"alg": "RS256", "typ": "JWT"}


@pytest.mark.parametrize(
    ("keys", "token"),
    [
        (SECRET_KEYS, jwt.encode(claims(jti="t1"), SECRET)),
        (PEM_KEYS, jwt.encode(claims(jti="t1"), RSA, "RS256")),
        (keys_of_pem(pem(EC)), jwt.encode(claims(jti="t1"), EC, "ES256")),
        (keys_of_pem(pem(OTHER_RSA) + pem(RSA)), jwt.encode(claims(jti="t1"), RSA, "RS256")),
        (JWKS_KEYS, jwt.encode(claims(jti="t1"), RSA, "RS256", {"kid": "one"})),
        (JWKS_KEYS, jwt.encode(claims(jti="t1", aud=["other", "scanserve"]), EC, "ES256", {"kid": "two"})),
    ],
    ids=["secret", "pem-rsa", "pem-ec", "pem-second-of-two", "jwks-rsa", "jwks-ec"],
)
def test_a_good_token_of_each_source_is_taken(keys: KeySet, token: str) -> None:
    assert verify(token, keys).token_id == "t1"


FORGED: dict[str, tuple[KeySet, Callable[[], str]]] = {
    "none": (PEM_KEYS, lambda: jwt.encode(claims(), None, "none")),
    "none-in-capitals": (PEM_KEYS, lambda: f"{part({'alg': 'NONE'})}.{part(claims())}."),
    "none-for-a-secret": (SECRET_KEYS, lambda: jwt.encode(claims(), None, "none")),
    "no-alg": (SECRET_KEYS, lambda: hs256({"typ": "JWT"}, claims(), SECRET.encode())),
    "alg-is-no-text": (SECRET_KEYS, lambda: hs256({"alg": ["HS256"]}, claims(), SECRET.encode())),
    "hs256-with-the-public-key": (PEM_KEYS, lambda: hs256(HS, claims(), pem(RSA))),
    "hs256-with-the-public-key-stripped": (PEM_KEYS, lambda: hs256(HS, claims(), pem(RSA).strip())),
    "hs256-with-the-jwk": (JWKS_KEYS, lambda: hs256({**HS, "kid": "one"}, claims(), json.dumps(jwk(RSA)).encode())),
    "rs256-header-hs256-signature": (PEM_KEYS, lambda: hs256(RS, claims(), pem(RSA))),
    "rs256-for-a-secret": (SECRET_KEYS, lambda: jwt.encode(claims(), RSA, "RS256")),
    "hs512": (SECRET_KEYS, lambda: jwt.encode(claims(), SECRET * 2, "HS512")),
    "rs512": (PEM_KEYS, lambda: jwt.encode(claims(), RSA, "RS512")),
    "ps256": (PEM_KEYS, lambda: jwt.encode(claims(), RSA, "PS256")),
    "another-rsa-key": (PEM_KEYS, lambda: jwt.encode(claims(), OTHER_RSA, "RS256")),
    "another-key-under-a-known-kid": (JWKS_KEYS, lambda: jwt.encode(claims(), OTHER_RSA, "RS256", {"kid": "one"})),
    "kid-of-a-key-of-another-algorithm": (JWKS_KEYS, lambda: jwt.encode(claims(), EC, "ES256", {"kid": "one"})),
    "its-own-jwk": (PEM_KEYS, lambda: jwt.encode(claims(), OTHER_RSA, "RS256", {"jwk": jwk(OTHER_RSA)})),
    "its-own-jku": (JWKS_KEYS, lambda: jwt.encode(claims(), OTHER_RSA, "RS256", {"kid": "x", "jku": "https://x"})),
    "kid-path": (JWKS_KEYS, lambda: hs256({**HS, "kid": "../../dev/null"}, claims(), b"")),
    "kid-sql": (JWKS_KEYS, lambda: hs256({**HS, "kid": "x' UNION SELECT 'key"}, claims(), b"key")),
    "kid-is-no-text": (JWKS_KEYS, lambda: hs256({**RS, "kid": ["one"]}, claims(), b"key")),
    "no-kid": (JWKS_KEYS, lambda: jwt.encode(claims(), RSA, "RS256")),
    "crit": (PEM_KEYS, lambda: jwt.encode(claims(), RSA, "RS256", {"crit": ["x"], "x": 1})),
    "b64-false": (PEM_KEYS, lambda: jwt.encode(claims(), RSA, "RS256", {"crit": ["b64"], "b64": False})),
    "changed-after-signing": (SECRET_KEYS, lambda: _with_payload(jwt.encode(claims(), SECRET), claims(org="other"))),
    "no-signature": (SECRET_KEYS, lambda: jwt.encode(claims(), SECRET).rpartition(".")[0] + "."),
    "two-parts": (SECRET_KEYS, lambda: "a.b"),
    "not-base64": (SECRET_KEYS, lambda: "!.!.!"),
    "not-ascii": (SECRET_KEYS, lambda: "\ud800.é.x"),
    "deep-header": (SECRET_KEYS, lambda: f"{part(b'[' * 5_000)}.e30.e30"),
    "deep-payload": (SECRET_KEYS, lambda: hs256(HS, b'{"a":' * 1_000, SECRET.encode())),
    "header-is-no-object": (SECRET_KEYS, lambda: f"{part([])}.e30.e30"),
    "payload-is-no-object": (SECRET_KEYS, lambda: hs256(HS, [1], SECRET.encode())),
    "empty": (SECRET_KEYS, lambda: ""),
}


def _with_payload(token: str, payload: dict[str, Any]) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{part(payload)}.{signature}"


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(name: str) -> None:
    keys, token = FORGED[name]
    with pytest.raises(TokenRefused, match="not valid"):
        verify(token(), keys)


@pytest.mark.parametrize("name", ["kid-path", "kid-sql", "no-kid", "its-own-jku"])
def test_a_key_that_is_not_held_may_be_asked_for_once(name: str) -> None:
    keys, token = FORGED[name]
    with pytest.raises(KeyUnknown):
        verify(token(), keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},
        {"aud": ...},
        {"aud": ["other"]},
        {"aud": 7},
        {"iss": "other"},
        {"iss": ...},
        {"iss": ["scanserve"]},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": True},
        {"exp": None},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"nbf": float("inf")},
        {"nbf": "now"},
        {"iat": float("-inf")},
        {"iat": [1]},
        {"sub": ...},
        {"sub": 7},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": "a\nb"},
        {"sub": "\ud800"},
        {"org": ...},
        {"org": 7},
        {"org": "a/b"},
        {"org": "\ud800"},
        {"venues": ...},
        {"venues": "v1"},
        {"venues": [1]},
        {"venues": ["*"]},
        {"venues": {"v1": 1}},
        {"scope": ...},
        {"scope": ["admin"]},
        {"jti": 7},
        {"jti": "x" * 256},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_or_missing_claim_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        verify(hs256(HS, claims(**changes), SECRET.encode()), SECRET_KEYS)


@pytest.mark.parametrize(
    ("moment", "offset", "taken"),
    [
        ("exp", 3 - LEEWAY_SECONDS, True),
        ("exp", -1 - LEEWAY_SECONDS, False),
        ("nbf", LEEWAY_SECONDS - 3, True),
        ("nbf", LEEWAY_SECONDS + 3, False),
        ("iat", LEEWAY_SECONDS - 3, True),
        ("iat", LEEWAY_SECONDS + 3, False),
    ],
)
def test_times_count_to_the_leeway_and_no_further(moment: str, offset: int, taken: bool) -> None:
    token = jwt.encode(claims(**{moment: int(time.time()) + offset}), SECRET)
    if taken:
        verify(token, SECRET_KEYS)
    else:
        with pytest.raises(TokenRefused):
            verify(token, SECRET_KEYS)


def test_a_giant_token_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt, "get_unverified_header", None)
    with pytest.raises(TokenRefused, match=f"over {MOST_TOKEN_BYTES} bytes"):
        verify(jwt.encode(claims(padding="x" * MOST_TOKEN_BYTES), SECRET), SECRET_KEYS)


def test_keys_of_other_kinds_and_uses_are_never_held() -> None:
    private = {**jwk(RSA, kid="private"), "d": "AQAB"}
    small = jwk(SMALL_RSA, kid="small")
    unfit = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct", "alg": "HS256"},
        {**jwk(RSA, kid="enc"), "use": "enc"},
        {**jwk(RSA, kid="hs"), "alg": "HS256"},
        {**jwk(RSA, kid="ps"), "alg": "PS256"},
        {**jwk(EC, kid="lies"), "kty": "RSA"},
        jwk(ec.generate_private_key(ec.SECP384R1()), kid="p384"),
        jwk(RSA),
        {**jwk(RSA), "kid": 7},
        {"kty": "RSA", "kid": "empty"},
        {"kty": "RSA", "kid": "n", "n": 7, "e": None},
        {"kty": ["RSA"], "kid": "list"},
        private,
        small,
        "text",
        None,
    ]
    held = keys_of_jwks(json.dumps({"keys": [*unfit, jwk(RSA, kid="one")]}).encode())
    assert [key.kid for key in held.keys] == ["one"]
    with pytest.raises(KeysUnfit, match="no usable key"):
        keys_of_jwks(json.dumps({"keys": unfit}).encode())


@pytest.mark.parametrize("document", [b"", b"<html>", b"[]", b"{}", b'{"keys": 7}', b"[" * 100_000, b"\xff"])
def test_what_is_no_key_document_is_said_to_be_none(document: bytes) -> None:
    with pytest.raises(KeysUnfit):
        keys_of_jwks(document)


def test_a_key_file_takes_public_keys_of_two_kinds_and_nothing_else() -> None:
    secret = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    small = pem(SMALL_RSA)
    p384 = pem(ec.generate_private_key(ec.SECP384R1()))
    broken = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    for unfit in (b"", secret, small, p384, broken, pem(RSA) + broken):
        with pytest.raises(KeysUnfit):
            keys_of_pem(unfit)


def test_a_key_has_one_algorithm_whatever_the_token_says() -> None:
    assert KeySet((Key("RS256", RSA.public_key()),)).candidates("HS256", None) == []
