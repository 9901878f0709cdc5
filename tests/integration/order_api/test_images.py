"""A picture goes from a venue's hands to S3 by a form that order-api signs, and as nothing else than was asked for."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.picture_store import BUCKET, REGION, PictureStore, picture_store, png
from infra.pos_client import SCOPES, PosClient, order_body, token
from infra.services import PICTURES, Backing
from integration.order_api.conftest import program
from local_stack.ports import HOST, unused_port
from order_api.images.signing import Signer
from order_api.images.terms import NewImage, terms_of


@pytest.fixture(scope="module")
def store() -> Iterator[PictureStore]:
    with picture_store() as running:
        yield running


@pytest.fixture(scope="module")
def order_api(backing: Backing, store: PictureStore) -> Iterator[str]:
    topic, port = backing.topic(4), unused_port()
    name = f"order-api-{topic}"
    told = {**store.environment(), "IMAGES_URL": PICTURES, "IMAGE_MOST_BYTES": "2048"}
    backing.run.start(program(backing, name, port, topic, **told))
    yield f"http://{HOST}:{port}"
    backing.run.programs[name].stop()


@pytest.fixture
async def staff() -> Any:
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, token(venue, scopes=(*SCOPES, "images:write"))) as client:
        yield client


async def asked(order_api: str, staff: PosClient, picture: bytes) -> dict[str, Any]:
    body = {"content_type": "image/png", "bytes": len(picture), "sha256": sha256(picture).hexdigest()}
    answer = await staff.send("POST", f"{order_api}/v1/venues/{staff.venue_id}/item-images", json=body)
    assert answer.status_code == 201, answer.text
    upload: dict[str, Any] = answer.json()
    return upload


async def sent(upload: dict[str, Any], content: bytes, **changed: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        fields = {**upload["fields"], **changed}
        return await http.post(upload["url"], data=fields, files={"file": ("picture", content)})


async def test_a_picture_is_uploaded_and_an_order_names_it(
    order_api: str, store: PictureStore, staff: PosClient
) -> None:
    picture = png(200)
    upload = await asked(order_api, staff, picture)
    done = await sent(upload, picture)
    assert done.status_code == 204, done.text
    key = f"images/{staff.venue_id}/{sha256(picture).hexdigest()}.png"
    assert upload["image_url"] == f"{PICTURES}/{key}"
    assert store.read(key) == picture
    items = [{**order_body()["items"][0], "image_url": upload["image_url"]}]
    placed = await staff.place(order_api, order_body(items=items))
    assert placed.status_code == 201, placed.text
    assert placed.json()["items"]["pizza"]["image_url"] == upload["image_url"]
    again = await asked(order_api, staff, picture)
    assert again["image_url"] == upload["image_url"]


@pytest.mark.parametrize(
    ("content", "changed", "why"),
    [
        (png(1) + b"\0", {}, "EntityTooLarge"),
        (png(1)[:-1], {}, "EntityTooSmall"),
        (png(2), {}, "BadDigest"),
        (png(1), {"Content-Type": "text/html"}, "AccessDenied"),
        (png(1), {"key": "images/another-venue/x.png"}, "AccessDenied"),
        (png(1), {"acl": "public-read-write"}, "AccessDenied"),
        (png(1), {"policy": "e30="}, "SignatureDoesNotMatch"),
    ],
    ids=["longer", "shorter", "another", "type", "key", "field", "policy"],
)
async def test_anything_but_the_picture_that_was_asked_for_is_refused(
    order_api: str, staff: PosClient, content: bytes, changed: dict[str, str], why: str
) -> None:
    refused = await sent(await asked(order_api, staff, png(1)), content, **changed)
    assert refused.status_code in (400, 403)
    assert why in refused.text


async def test_a_form_is_no_longer_taken_once_it_has_expired(
    order_api: str, store: PictureStore, staff: PosClient
) -> None:
    upload = await asked(order_api, staff, png(3))
    store.ahead = timedelta(seconds=301)
    try:
        refused = await sent(upload, png(3))
    finally:
        store.ahead = timedelta(0)
    assert (refused.status_code, "AccessDenied" in refused.text) == (403, True)


async def test_it_signs_as_the_role_of_its_service_account(
    store: PictureStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("what Kubernetes says of the pod")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/scanserve-uploader")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    image = NewImage.model_validate({"content_type": "image/png", "bytes": 1, "sha256": "0" * 64})
    form = await Signer(BUCKET, REGION).sign(terms_of("v1", image), timedelta(minutes=5))
    assert form.fields["x-amz-credential"].startswith("ASIA"), "of a session, not of a user"
    policy = json.loads(b64decode(form.fields["policy"]))
    assert {"x-amz-security-token": form.fields["x-amz-security-token"]} in policy["conditions"]


async def test_what_is_too_large_gets_no_form(order_api: str, staff: PosClient) -> None:
    body = {"content_type": "image/png", "bytes": 2049, "sha256": "0" * 64}
    refused = await staff.send("POST", f"{order_api}/v1/venues/{staff.venue_id}/item-images", json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, "bytes")
