"""S3 as a server for uploads: moto, and before it the rules of a POST policy, which moto takes no notice of.

The rules are those of AWS' page "POST Policy": signed, not expired, each field named and as named, the length in its
range; and of "Checking object integrity": the content is what its checksum says. What must not break: anything that
they do not allow is refused, as S3 would.
"""

import hmac
import json
import struct
import threading
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

from botocore.session import get_session
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

KEY_ID, SECRET_KEY, REGION, BUCKET = "AKIDFORTESTS", "a-secret-key-for-tests", "eu-west-1", "pictures"
_NEED_NO_CONDITION = frozenset({"policy", "x-amz-signature", "file"})


def png(red: int) -> bytes:
    """Give a picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


class Refused(Exception):
    """S3's error: its code, with its HTTP status."""

    def __init__(self, code: str, status: int = 403) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass
class PictureStore:
    """A running store. `ahead` puts its clock forward."""

    url: str = ""
    ahead: timedelta = timedelta(0)
    client: Any = None

    def read(self, key: str) -> bytes:
        """Read what is kept, as CloudFront does: the bucket is nobody else's to read."""
        content: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def environment(self) -> dict[str, str]:
        """Give what a process has to be told to sign for this store, and nothing else of this machine."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "IMAGES_BUCKET": BUCKET,
            "IMAGES_REGION": REGION,
        }

    def check(self, fields: Mapping[str, str], content: bytes) -> None:
        """Hold an upload to its policy. Raises Refused."""
        if "policy" not in fields or not hmac.compare_digest(_signature(fields), fields.get("x-amz-signature", "")):
            raise Refused("SignatureDoesNotMatch")
        policy = json.loads(b64decode(fields["policy"]))
        if datetime.fromisoformat(policy["expiration"]) <= datetime.now(UTC) + self.ahead:
            raise Refused("AccessDenied")
        named = set(_NEED_NO_CONDITION)
        for condition in policy["conditions"]:
            kind, name, value = _read(condition)
            if kind == "content-length-range":
                _check_length(len(content), int(name), int(value))
                continue
            named.add(name)
            if kind != "eq" or {**fields, "bucket": BUCKET}.get(name) != value:
                raise Refused("AccessDenied")
        if fields.keys() - named:
            raise Refused("AccessDenied")
        digest = fields.get("x-amz-checksum-sha256")
        if digest is not None and digest != b64encode(sha256(content).digest()).decode():
            raise Refused("BadDigest", 400)


def _signature(fields: Mapping[str, str]) -> str:
    _, day, region, service, _ = fields.get("x-amz-credential", "////").split("/")
    key = b"AWS4" + SECRET_KEY.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, fields["policy"].encode(), "sha256").hex()


def _read(condition: Any) -> tuple[str, Any, Any]:
    if isinstance(condition, dict):
        ((name, value),) = condition.items()
        return "eq", name.lower(), value
    kind, name, value = condition
    return kind, name.lstrip("$").lower() if isinstance(name, str) else name, value


def _check_length(length: int, least: int, most: int) -> None:
    if not least <= length <= most:
        raise Refused("EntityTooLarge" if length > most else "EntityTooSmall", 400)


@contextmanager
def picture_store() -> Iterator[PictureStore]:
    """Run one on a free port, with an empty bucket in it."""
    store, s3 = PictureStore(), DomainDispatcherApplication(create_backend_app)

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"].strip("/")) == ("POST", BUCKET):  # others are STS's
            try:
                with Request({**environ, "wsgi.input": BytesIO(body)}) as asked:
                    fields = {name.lower(): text for name, text in asked.form.items()}
                    store.check(fields, asked.files["file"].read())
            except Refused as refused:
                said = Response(f"<Error><Code>{refused.code}</Code></Error>", refused.status, mimetype="text/xml")
                return said(environ, start_response)
        passed_on: Iterable[bytes] = s3({**environ, "wsgi.input": BytesIO(body)}, start_response)
        return passed_on

    server = make_server("127.0.0.1", 0, guarded, threaded=True)
    store.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        access: dict[str, Any] = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET_KEY}
        store.client = get_session().create_client("s3", region_name=REGION, endpoint_url=store.url, **access)
        store.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield store
    finally:
        store.client.close()
        server.shutdown()
        serving.join()
        server.server_close()
