"""What a picture may be and what it is called. Pure.

What must not break: an address stands for one content for ever. The name is the content's hash, and the policy makes S3
check it, so nobody's upload replaces a picture that is shown, and caches may keep it for good.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field

from order_api.bodies import Body, Whole

PREFIX = "images/"
_ENDINGS = {"image/avif": "avif", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}  # SVG runs scripts
_EXAMPLE: dict[str, Any] = {
    "content_type": "image/png",
    "bytes": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class NewImage(Body):
    """A picture that is about to be uploaded."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    content_type: str = Field(pattern=f"^({'|'.join(_ENDINGS)})$")
    size: Whole = Field(alias="bytes", ge=1, le=5 * 2**30, description="the file's length")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the file's bytes, in hex: sha256sum prints it")


@dataclass(frozen=True, slots=True)
class Terms:
    """What S3 holds an upload to: its key, its form fields word for word, and its length."""

    key: str
    fields: Mapping[str, str]
    size: int

    def conditions(self) -> list[Any]:
        """Give the conditions of the POST policy; the signer adds bucket, key and signature."""
        return [*({name: text} for name, text in self.fields.items()), ["content-length-range", self.size, self.size]]


def terms_of(venue_id: str, image: NewImage) -> Terms:
    """Say what a venue's picture is held to."""
    return Terms(
        key=f"{PREFIX}{venue_id}/{image.sha256}.{_ENDINGS[image.content_type]}",
        fields={
            "Content-Type": image.content_type,
            "Cache-Control": "public, max-age=31536000, immutable",
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": b64encode(bytes.fromhex(image.sha256)).decode(),
        },
        size=image.size,
    )
