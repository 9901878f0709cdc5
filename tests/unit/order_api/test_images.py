"""What an upload is held to, and what is said where pictures are not set up."""

import json
import threading
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.pos_client import SECRET, token
from order_api import problems
from order_api.admission import Admission
from order_api.identity import Identity
from order_api.images import routes, signing
from order_api.images.signing import Signer, Unsignable
from order_api.images.terms import NewImage, terms_of
from order_api.order_book import OrderBook
from order_api.rates import Rates
from order_api.settings import Settings
from order_contracts.ids import NAME_PATTERN
from order_contracts.order import ItemTerms
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import Tokens

PNG = {"content_type": "image/png", "bytes": 5, "sha256": "ab" * 32}
UPLOADER = ("images:write",)


def now() -> datetime:
    return datetime.now(UTC)


async def ask(gallery: routes.Gallery | None, body: Any = PNG, scopes: tuple[str, ...] = UPLOADER) -> httpx.Response:
    async def fetch(_: str) -> bytes:
        raise AssertionError

    tokens = Tokens(TokenSettings.model_validate({"jwt_secret": SECRET}), fetch=fetch, complain=print)
    await tokens.start()
    identity = Identity(tokens, Rates(None), OrderBook(), now)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes.router(gallery, identity, now))
    transport = httpx.ASGITransport(Admission(app, identity))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        headers = {"Authorization": f"Bearer {token('v1', scopes=scopes)}"}
        return await client.post("/v1/venues/v1/item-images", json=body, headers=headers)


def gallery() -> routes.Gallery:
    return routes.Gallery(Signer("pictures", "eu-west-1"), "https://pictures.test", 1000, timedelta(minutes=5))


async def test_without_a_bucket_it_says_what_to_set() -> None:
    answer = await ask(None)
    assert (answer.status_code, answer.json()["code"]) == (501, "images_not_set_up")
    assert "IMAGES_BUCKET" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_who_may_place_orders_may_not_publish_pictures() -> None:
    answer = await ask(None, scopes=("orders:write", "orders:read"))
    assert (answer.status_code, answer.json()["detail"]) == (403, "the token has no scope images:write")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content_type": "image/svg+xml"}, "content_type"),
        ({"bytes": 1001}, "bytes"),
        ({"bytes": 0}, "bytes"),
        ({"sha256": "AB" * 32}, "sha256"),
        ({"key": "images/other"}, "key"),
    ],
)
async def test_what_no_picture_can_be_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    answer = await ask(gallery(), {**PNG, **change})
    assert (answer.status_code, answer.json()["field"].rpartition(".")[2]) == (422, field), answer.text


async def test_without_credentials_it_can_be_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ROLE_ARN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/not/there")
    answer = await ask(gallery())
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "try_again", "5")
    with pytest.raises(Unsignable, match="no credentials"):
        await Signer("pictures", "eu-west-1").sign(terms_of("v1", NewImage.model_validate(PNG)), timedelta(minutes=5))


async def test_a_role_whose_credentials_never_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    signer, terms = Signer("pictures", "eu-west-1"), terms_of("v1", NewImage.model_validate(PNG))
    asked = threading.Event()
    monkeypatch.setattr(signer, "_signed", lambda *_: asked.wait(20))
    monkeypatch.setattr(signing, "_MOST_SECONDS", 0.05)
    try:
        with pytest.raises(Unsignable, match="were not there after"):
            await signer.sign(terms, timedelta(minutes=5))
    finally:
        asked.set()


async def test_a_form_goes_to_the_buckets_own_region_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    upload = (await ask(gallery())).json()
    assert upload["url"] == "https://pictures.s3.eu-west-1.amazonaws.com/"
    assert upload["image_url"] == f"https://pictures.test/images/v1/{'ab' * 32}.png"
    policy = json.loads(b64decode(upload["fields"]["policy"]))
    ends = datetime.fromisoformat(policy["expiration"])
    assert abs(ends - datetime.fromisoformat(upload["expires_at"])) < timedelta(seconds=30)
    assert ["content-length-range", 5, 5] in policy["conditions"]


@given(
    venue=st.from_regex(NAME_PATTERN, fullmatch=True).filter(str.isascii),
    kind=st.sampled_from(["image/avif", "image/jpeg", "image/png", "image/webp"]),
    digest=st.binary(min_size=32, max_size=32),
)
def test_every_picture_has_a_place_of_its_own_that_an_order_may_name(venue: str, kind: str, digest: bytes) -> None:
    image = NewImage.model_validate({"content_type": kind, "bytes": 1, "sha256": digest.hex()})
    terms = terms_of(venue.strip(), image)
    assert terms.key.startswith(f"images/{venue.strip()}/{digest.hex()}.")
    assert b64decode(terms.fields["x-amz-checksum-sha256"]) == digest
    assert {"Content-Type": kind} in terms.conditions()
    line = {"name": "x", "quantity": "1", "unit_price": {"amount": 1, "currency": "EUR"}}
    assert ItemTerms.model_validate({**line, "image_url": f"https://pictures.test/{terms.key}"}).image_url


@pytest.mark.parametrize(
    "address", ["http://pictures.test/a", "javascript:alert(1)", "https://pictures.test/a b", "//x/"]
)
def test_an_item_shows_no_picture_but_over_https(address: str) -> None:
    line = {"name": "x", "quantity": "1", "unit_price": {"amount": 1, "currency": "EUR"}, "image_url": address}
    with pytest.raises(ValidationError):
        ItemTerms.model_validate(line)


@pytest.mark.parametrize(
    "told",
    [
        {"images_bucket": "pictures"},
        {"images_bucket": "pictures", "images_region": "eu-west-1"},
        {"images_region": "eu-west-1", "images_url": "https://pictures.test"},
        {"images_bucket": "pictures", "images_region": "eu-west-1", "images_url": "http://pictures.test"},
    ],
)
def test_half_a_gallery_is_no_configuration(told: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"IMAGES_BUCKET, IMAGES_REGION and IMAGES_URL|'https'"):
        Settings.model_validate({"kafka_bootstrap_servers": "broker:9092", "jwt_secret": "s" * 32, **told})
