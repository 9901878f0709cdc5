"""Where a webhook may lead: to public addresses by https, so that no URL reaches what is inside. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from projector.networks import Network

Address = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")


def permitted(address: str, allowed: Sequence[Network]) -> bool:
    """Say whether a resolved address may be connected to: a public one, or one of the allowed networks."""
    found = _innermost(ip_address(address.partition("%")[0]))
    if any(found in network for network in allowed):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved


def _innermost(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 one stands for, where it does: a gateway would lead there."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def checked_url(text: str, *, allow_http: bool) -> str:
    """Give a URL as it is kept. Raises ValueError with a remedy."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError(f"{text!r} is no URL: {error}") from error
    if url.scheme != "https" and not (allow_http and url.scheme == "http"):
        raise ValueError("the URL must begin with https:// (WEBHOOKS_ALLOW_HTTP=true allows http, for development)")
    if not url.host or url.userinfo or url.fragment:
        raise ValueError("the URL must have a host, and neither a user nor a fragment: what proves us is the signature")
    return str(url)
