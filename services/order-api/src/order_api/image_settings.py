"""The part of the settings that is about pictures of items: all of where they are kept, or nothing."""

from typing import Annotated, Self

from pydantic import AnyUrl, BaseModel, Field, UrlConstraints, model_validator


class ImageSettings(BaseModel):
    """`images_url` is the address of the bucket's root as browsers reach it: CloudFront's."""

    images_bucket: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    images_region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    images_url: Annotated[AnyUrl, UrlConstraints(allowed_schemes=["https"])] | None = None
    image_most_bytes: int = Field(default=2 * 2**20, ge=1024, le=50 * 2**20)
    image_upload_seconds: float = Field(default=300.0, ge=10, le=3600)

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        of_the_bucket = (self.images_bucket, self.images_region)
        if any(of_the_bucket) and not (all(of_the_bucket) and self.images_url):
            raise ValueError("IMAGES_BUCKET, IMAGES_REGION and IMAGES_URL go together: set all three, or no bucket")
        return self
