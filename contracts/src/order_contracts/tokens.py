"""Which tokens a service accepts now: keys and revocations that are read again while it runs.

No request waits for a file or a network, except one that names a key not yet known: it waits for one reading.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from order_contracts.claims import Claims, KeyUnknown, TokenRefused, verify
from order_contracts.keys import KeySet, KeysUnfit, keys_of_jwks, keys_of_pem, keys_of_secret
from order_contracts.order_links import is_order_link, read_order_link
from order_contracts.reloaded import NotReadable, Reloaded
from order_contracts.token_settings import TokenSettings

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches a JWKS document, bounded in time and size. Raises NotReadable."""
_MOST_REVOKED_BYTES = 4 * 2**20
REVOKED = "the token has been revoked: get a new one"


class NotReady(Exception):
    """Keys or revocations have not been read yet: nothing can be said of any token. The text says what is missing."""


class Tokens:
    """Verifies tokens with the keys of the moment. `run` keeps them of the moment."""

    def __init__(self, settings: TokenSettings, *, fetch: Fetch, complain: Callable[[str], None]) -> None:
        self._settings = settings
        self._keys = Reloaded(_keys_reader(settings, fetch), every_seconds=settings.jwt_keys_seconds, complain=complain)
        revoked = Reloaded(
            lambda: asyncio.to_thread(read_revoked, settings.revoked_tokens_file),
            every_seconds=settings.revoked_tokens_seconds,
            complain=complain,
        )
        self._revoked = revoked

    @property
    def keys(self) -> KeySet:
        """The keys of the moment: another object after each change. Raises NotReady."""
        if self._keys.value is None:
            raise NotReady("the keys that tokens are signed with have not been read yet")
        if self._revoked.value is None:
            raise NotReady("the list of revoked tokens has not been read yet")
        return self._keys.value

    def missing(self) -> str | None:
        """Say why no token can be verified yet; None when they can."""
        try:
            self.keys  # noqa: B018  # asked for its complaint alone
        except NotReady as missing:
            return str(missing)
        return None

    async def claims(self, token: str) -> Claims:
        """Verify a token. Raises TokenRefused, NotReady."""
        keys = self.keys
        try:
            claims = self._verified(token, keys)
        except KeyUnknown:
            if not await self._keys.load_again(keys):
                raise
            claims = self._verified(token, self.keys)
        if self.is_revoked(claims):
            raise TokenRefused(REVOKED)
        return claims

    def is_revoked(self, claims: Claims) -> bool:
        """Whether a token that was good has been revoked since."""
        return claims.token_id is not None and claims.token_id in (self._revoked.value or ())

    async def start(self) -> None:
        """Read keys and revocations once; what can't be read is complained of, and tried again by `run`."""
        await asyncio.gather(self._keys.load(), self._revoked.load())

    async def run(self) -> None:
        """Read keys and revocations again and again, without end."""
        await asyncio.gather(self._keys.run(), self._revoked.run())

    def _verified(self, token: str, keys: KeySet) -> Claims:
        if is_order_link(token):
            return read_order_link(token, self._settings.link_secret, issuer=self._settings.jwt_issuer)
        return verify(token, keys, issuer=self._settings.jwt_issuer, audience=self._settings.jwt_audience)


def read_revoked(path: Path | None) -> frozenset[str]:
    """Read the ids of revoked tokens: one a line, # begins a comment. Raises NotReadable."""
    if path is None:
        return frozenset()
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_REVOKED_BYTES + 1)
    except OSError as error:
        raise NotReadable(f"REVOKED_TOKENS_FILE {path} can't be read: {error.strerror}") from error
    if len(text) > _MOST_REVOKED_BYTES:
        raise NotReadable(f"REVOKED_TOKENS_FILE {path} is over {_MOST_REVOKED_BYTES} bytes: drop expired ones from it")
    lines = (line.partition("#")[0].strip() for line in text.decode(errors="replace").splitlines())
    return frozenset(filter(None, lines))


def _keys_reader(settings: TokenSettings, fetch: Fetch) -> Callable[[], Awaitable[KeySet]]:
    secret, file, url = settings.jwt_secret, settings.jwt_public_key_file, settings.jwt_jwks_url

    async def read() -> KeySet:
        if secret is not None:
            return keys_of_secret(secret.get_secret_value())
        try:
            if file is not None:
                return keys_of_pem(await asyncio.to_thread(file.read_bytes))
            return keys_of_jwks(await fetch(str(url)))
        except OSError as error:
            raise NotReadable(f"JWT_PUBLIC_KEY_FILE {file} can't be read: {error.strerror}") from error
        except KeysUnfit as unfit:
            raise NotReadable(f"{file or url}: {unfit}") from unfit

    return read
