"""Signs forms for S3 with the credentials that the process has from its role (IRSA, ECS) or its environment.

botocore is imported with the first form, in a thread: 0.3 s of CPU and 40 MB that a replica which signs none never
pays. Signing itself asks nobody, but credentials of a role are renewed over the network, so it stays in a thread.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from order_api.images.terms import Terms

_MOST_SECONDS = 12.0


class Unsignable(Exception):
    """There are no credentials, or they can't be renewed; the text says why."""


@dataclass(frozen=True, slots=True)
class Form:
    """Where to POST, and the fields that go before the file."""

    url: str
    fields: dict[str, str]


class Signer:
    """One bucket's signer."""

    def __init__(self, bucket: str, region: str) -> None:
        self._bucket, self._region = bucket, region
        self._client: Any = None
        self._one_at_a_time = asyncio.Lock()  # botocore renews credentials under a lock, but makes no client under one

    async def sign(self, terms: Terms, lasts: timedelta) -> Form:
        """Sign a form that S3 takes for so long. Raises Unsignable."""
        try:
            async with asyncio.timeout(_MOST_SECONDS), self._one_at_a_time:
                return await asyncio.to_thread(self._signed, terms, int(lasts.total_seconds()))
        except TimeoutError as error:
            raise Unsignable(f"the credentials were not there after {_MOST_SECONDS:g} s") from error

    def _signed(self, terms: Terms, seconds: int) -> Form:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # see above

        try:
            self._client = self._client or self._connected()
            signed = self._client.generate_presigned_post(
                self._bucket, terms.key, Fields=dict(terms.fields), Conditions=terms.conditions(), ExpiresIn=seconds
            )
        except (BotoCoreError, ClientError) as error:
            raise Unsignable(str(error)) from error
        return Form(signed["url"], signed["fields"])

    def _connected(self) -> Any:
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        session = get_session()
        # For STS too, whom botocore asks by itself: its own patience is minutes.
        session.set_default_client_config(
            Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
        )
        if session.get_credentials() is None:  # botocore would trip over it later
            raise Unsignable("there are no credentials: the process needs a role, or AWS_ACCESS_KEY_ID")
        regional = {"addressing_style": "virtual"}  # S3's global address redirects, and no browser POSTs after that
        config = Config(signature_version="s3v4", s3=regional)
        return session.create_client("s3", region_name=self._region, config=config)
