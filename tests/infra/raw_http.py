"""HTTP as no client would send it: bytes to a socket, at a pace, and what comes back."""

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit


async def raw(url: str, parts: Iterable[bytes], *, pause: float = 0.0, within: float = 30.0) -> bytes:
    """Send parts one after the other and give all that comes back until the server hangs up."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    sending = asyncio.create_task(_send(writer, parts, pause))
    try:
        async with asyncio.timeout(within):
            return await _read(reader)
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    try:
        while part := await reader.read(65_536):
            answer += part
    except ConnectionError:
        pass  # hung up on in the middle of sending; what had come has been read
    return answer


async def _send(writer: Any, parts: Iterable[bytes], pause: float) -> None:
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
    except ConnectionError:
        return
