"""Keys and revocations change while a service runs: new ones count, and what can't be read takes nothing away."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from order_contracts.claims import KeyUnknown, TokenRefused, issue
from order_contracts.reloaded import NotReadable, Reloaded
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import NotReady, Tokens, read_revoked

SECRET = "a-secret-of-thirty-two-bytes-at-least"
URL = "https://id.example/jwks"
OLD, NEW = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def signed(key: Any, kid: str | None = None, algorithm: str = "ES256", **more: Any) -> str:
    issued = issue(
        secret=SECRET,
        subject="pos",
        organization_id="org",
        venues=["v1"],
        scopes=["orders:read"],
        now=datetime.now(UTC),
        lifetime_seconds=60,
        **more,
    )
    payload = jwt.decode(issued, options={"verify_signature": False})
    return jwt.encode(payload, key, algorithm, None if kid is None else {"kid": kid})


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Provider:
    """An identity provider: what it publishes, whether it answers, how often it was asked."""

    def __init__(self, **keys: ec.EllipticCurvePrivateKey) -> None:
        self.keys, self.down, self.asked = keys, False, 0

    async def fetch(self, url: str) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise NotReadable(f"{url} does not answer")
        listed = [
            {**jwt.algorithms.ECAlgorithm.to_jwk(k.public_key(), as_dict=True), "kid": n} for n, k in self.keys.items()
        ]
        return json.dumps({"keys": listed}).encode()


def tokens(provider: Provider, complain: Callable[[str], None] = print, **settings: Any) -> Tokens:
    given = settings or {"jwt_jwks_url": URL}
    return Tokens(TokenSettings(**given), fetch=provider.fetch, complain=complain)


async def test_an_unknown_key_is_fetched_once_for_all_who_wait() -> None:
    provider = Provider(old=OLD)
    checked = tokens(provider)
    await checked.start()
    provider.keys = {"old": OLD, "new": NEW}
    checked._keys._at_most_every = 0.0
    answers = await asyncio.gather(*(checked.claims(signed(NEW, "new")) for _ in range(20)))
    assert {claims.subject for claims in answers} == {"pos"}
    assert provider.asked == 2


async def test_made_up_key_names_do_not_make_us_ask_again_and_again() -> None:
    provider = Provider(old=OLD)
    checked = tokens(provider)
    await checked.start()
    for number in range(50):
        with pytest.raises(KeyUnknown):
            await checked.claims(signed(NEW, f"made-up-{number}"))
    assert provider.asked == 1


async def test_keys_are_kept_while_their_source_is_down() -> None:
    provider, complaints = Provider(old=OLD), list[str]()
    checked = tokens(provider, complaints.append)
    await checked.start()
    provider.down = True
    for _ in range(3):
        assert not await checked._keys.load()
    assert (await checked.claims(signed(OLD, "old"))).subject == "pos"
    assert complaints == [f"{URL} does not answer"], "told once"


async def test_a_withdrawn_key_counts_no_more() -> None:
    provider = Provider(old=OLD, new=NEW)
    checked = tokens(provider)
    await checked.start()
    before = checked.keys
    await checked._keys.load()
    assert checked.keys is before, "the same keys are the same object: what was verified with them stays good"
    provider.keys = {"new": NEW}
    await checked._keys.load()
    assert checked.keys is not before
    with pytest.raises(TokenRefused):
        await checked.claims(signed(OLD, "old"))


async def test_before_the_first_keys_nothing_is_said_of_any_token() -> None:
    provider = Provider(old=OLD)
    provider.down = True
    checked = tokens(provider)
    await checked.start()
    assert "have not been read yet" in (checked.missing() or "")
    with pytest.raises(NotReady):
        await checked.claims(signed(OLD, "old"))
    provider.down = False
    await checked._keys.load()
    assert checked.missing() is None


async def test_a_key_file_may_change_and_hold_two_keys_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "keys.pem"
    file.write_bytes(pem(OLD))
    checked = tokens(Provider(), jwt_public_key_file=file)
    await checked.start()
    with pytest.raises(TokenRefused):
        await checked.claims(signed(NEW))
    file.write_bytes(pem(OLD) + pem(NEW))
    await checked._keys.load()
    for key in (OLD, NEW):
        assert (await checked.claims(signed(key))).organization_id == "org"
    file.write_bytes(b"half of a")
    assert not await checked._keys.load()
    assert (await checked.claims(signed(NEW))).organization_id == "org"


async def test_a_revoked_token_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    file = tmp_path / "revoked"
    file.write_text("# lost tablets\n\nt1  # the one from the bar\n")
    checked = tokens(Provider(), jwt_secret=SECRET, revoked_tokens_file=file)
    await checked.start()
    for token_id, refused in (("t1", True), ("t2", False), (None, False)):
        token = signed(SECRET, algorithm="HS256", token_id=token_id)
        if refused:
            with pytest.raises(TokenRefused, match="revoked"):
                await checked.claims(token)
        else:
            assert (await checked.claims(token)).token_id == token_id


async def test_a_list_of_revoked_tokens_that_vanishes_revokes_on(tmp_path: Path) -> None:
    file, complaints = tmp_path / "revoked", list[str]()
    file.write_text("t1\n")
    checked = tokens(Provider(), complaints.append, jwt_secret=SECRET, revoked_tokens_file=file)
    await checked.start()
    file.unlink()
    assert not await checked._revoked.load()
    with pytest.raises(TokenRefused, match="revoked"):
        await checked.claims(signed(SECRET, algorithm="HS256", token_id="t1"))
    assert "REVOKED_TOKENS_FILE" in complaints[0]


async def test_without_its_list_of_revoked_tokens_nothing_is_let_in(tmp_path: Path) -> None:
    file = tmp_path / "revoked"
    file.touch()
    settings = {"jwt_secret": SECRET, "revoked_tokens_file": file}
    checked = tokens(Provider(), print, **settings)
    file.unlink()
    await checked.start()
    with pytest.raises(NotReady, match="revoked"):
        await checked.claims(signed(SECRET, algorithm="HS256"))


def test_a_giant_list_of_revoked_tokens_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "revoked"
    file.write_bytes(b"x" * (4 * 2**20 + 1))
    with pytest.raises(NotReadable, match="over"):
        read_revoked(file)


async def test_reading_again_waits_a_while_after_the_last_time() -> None:
    clock, read = [0.0], [0]

    async def reading() -> int:
        read[0] += 1
        return read[0]

    value = Reloaded(reading, every_seconds=60, complain=print, at_most_every=10, clock=lambda: clock[0])
    await value.load()
    assert not await value.load_again(1)
    clock[0] = 10.0
    assert await value.load_again(1)
    assert value.value == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "exactly one of JWT_JWKS_URL, JWT_PUBLIC_KEY_FILE and JWT_SECRET; none is set"),
        ({"jwt_secret": SECRET, "jwt_jwks_url": URL}, "JWT_SECRET and JWT_JWKS_URL is set"),
        ({"jwt_secret": "short"}, "32 bytes"),
        ({"jwt_jwks_url": "http://id.example/jwks"}, "must be https"),
        ({"jwt_jwks_url": "http://127.0.0.1.example/jwks"}, "must be https"),
        ({"jwt_jwks_url": "ftp://127.0.0.1/jwks"}, "scheme"),
        ({"jwt_public_key_file": "/not/there"}, "file"),
        ({"jwt_public_key_file": __file__}, "no public key in it"),
        ({"jwt_secret": SECRET, "revoked_tokens_file": "/not/there"}, "file"),
    ],
)
def test_settings_that_would_let_anybody_or_nobody_in_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TokenSettings(**settings)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_http_is_taken_from_this_very_machine(host: str) -> None:
    assert TokenSettings.model_validate({"jwt_jwks_url": f"http://{host}/jwks"}).jwt_jwks_url is not None
