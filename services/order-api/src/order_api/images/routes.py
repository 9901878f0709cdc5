"""Where staff and POS ask for an upload: a form that S3 takes once its file is what was said, and the later address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, Field

from order_api import openapi
from order_api.identity import Identity
from order_api.image_settings import ImageSettings
from order_api.images.signing import Signer, Unsignable
from order_api.images.terms import NewImage, terms_of
from order_api.problems import Problem
from order_api.routes import Venue

_log = structlog.get_logger()


class ImageUpload(BaseModel):
    """One upload: a multipart/form-data POST of `fields`, then the file as `file`."""

    url: str = Field(description="where the form is sent")
    fields: dict[str, str] = Field(description="the form's fields as they are, before `file`")
    expires_at: AwareDatetime = Field(description="the form is taken until then; ask for another as often as you like")
    image_url: str = Field(description="where the picture is then, for `image_url` of an order's items")


@dataclass(frozen=True, slots=True)
class Gallery:
    """Where this deployment keeps pictures."""

    signer: Signer
    address: str
    most_bytes: int
    lasts: timedelta


def gallery_of(settings: ImageSettings) -> Gallery | None:
    """Make it of the settings; None where no bucket is set."""
    if settings.images_bucket is None or settings.images_region is None:
        return None
    return Gallery(
        signer=Signer(settings.images_bucket, settings.images_region),
        address=str(settings.images_url).rstrip("/"),
        most_bytes=settings.image_most_bytes,
        lasts=timedelta(seconds=settings.image_upload_seconds),
    )


def router(gallery: Gallery | None, identity: Identity, now: Callable[[], datetime]) -> APIRouter:
    """Give the route. Without a gallery it says what is to be set."""
    routes = APIRouter(prefix="/v1/venues/{venue_id}/item-images", tags=["pictures"])

    @routes.post("", status_code=HTTPStatus.CREATED, responses=openapi.UPLOAD, operation_id="upload_item_image")
    async def upload_item_image(request: Request, venue_id: Venue, image: NewImage) -> ImageUpload:
        """Ask for the upload of an item's picture. The same picture has the same address, however often it is asked."""
        identity.of(request, "images:write", venue_id)
        if gallery is None:
            detail = "pictures are not set up here: set IMAGES_BUCKET, IMAGES_REGION and IMAGES_URL on order-api"
            raise Problem(HTTPStatus.NOT_IMPLEMENTED, "images_not_set_up", detail)
        if image.size > gallery.most_bytes:
            detail = f"bytes: a picture has {gallery.most_bytes} bytes at most; make it smaller"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, field="bytes")
        terms, ends = terms_of(venue_id, image), now() + gallery.lasts
        try:
            form = await gallery.signer.sign(terms, gallery.lasts)
        except Unsignable as error:
            _log.error("no upload can be signed", error=str(error))
            detail = "no upload can be signed at the moment. Nothing was done: ask again"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", detail, headers={"Retry-After": "5"}) from error
        return ImageUpload(
            url=form.url, fields=form.fields, expires_at=ends, image_url=f"{gallery.address}/{terms.key}"
        )

    return routes
