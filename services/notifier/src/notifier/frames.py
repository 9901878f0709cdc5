"""WebSocket frames (RFC 6455, RFC 7692) without I/O: a server's are written, a client's are read.

What must not break: what the RFC does not allow ends in one FAIL with the code that the RFC gives for it, and nothing
after it is read; no message grows beyond its bound, however it is cut up or compressed.
"""

import zlib
from struct import pack, unpack_from

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FAIL = 0x10  # of ours, never on the wire: the payload of the close frame to send

WORTH_DEFLATING = 256  # bytes; a smaller message fits into one packet on the wire anyway
PROTOCOL_ERROR, INVALID_TEXT, TOO_BIG = 1002, 1007, 1009

_FIN, _DEFLATED = 0x80, 0x40
_CONTROL_BYTES = 125
_TAIL = b"\x00\x00\xff\xff"  # ends a deflated block; left away on the wire (RFC 7692, 7.2.1)

Received = tuple[int, bytes]
"""A message or control frame: its opcode and its payload; text is valid UTF-8."""


def frame(opcode: int, payload: bytes, flags: int = 0) -> bytes:
    """Give a whole, unmasked frame, as a server sends it."""
    first, size = _FIN | flags | opcode, len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return pack("!BBH", first, 126, size) + payload
    return pack("!BBQ", first, 127, size) + payload


def deflated(opcode: int, payload: bytes) -> bytes:
    """Give a whole frame, compressed on its own: the same bytes serve every member of a room."""
    squeeze = zlib.compressobj(level=6, wbits=-15, memLevel=8)
    return frame(opcode, (squeeze.compress(payload) + squeeze.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)], _DEFLATED)


def closing(code: int, reason: str = "") -> bytes:
    """Give the payload of a close frame."""
    return pack("!H", code) + reason.encode()[: _CONTROL_BYTES - 2]


def close_echo(payload: bytes) -> bytes:
    """Give the payload that answers a close frame: the same again, or what is wrong with it."""
    if not payload:
        return b""
    if len(payload) == 1 or not _is_close_code(unpack_from("!H", payload)[0]):
        return closing(PROTOCOL_ERROR)
    return payload[:2] if _is_text(payload[2:]) else closing(INVALID_TEXT)


class FrameReader:
    """Reads one client's frames from bytes as they come. Holds nothing between two whole messages."""

    __slots__ = ("_deflate", "_failed", "_max_bytes", "_opcode", "_parts", "_rest", "_size", "_squeezed")

    def __init__(self, max_bytes: int, *, deflate: bool = False) -> None:
        self._max_bytes, self._deflate = max_bytes, deflate
        self._rest: bytearray | None = None
        self._parts: list[bytes] | None = None  # of a message that is not whole yet
        self._opcode, self._size, self._squeezed, self._failed = TEXT, 0, False, False

    @property
    def deflates(self) -> bool:
        """Whether this connection's messages may be compressed."""
        return self._deflate

    def feed(self, data: bytes) -> list[Received]:
        """Take in bytes and give what they complete, in order; after a FAIL, nothing any more."""
        found: list[Received] = []
        if self._failed:
            return found
        if self._rest is not None:
            self._rest += data
        at, held = 0, data if self._rest is None else self._rest
        try:
            while (end := self._read(held, at, found)) is not None:
                at = end
        except _Fault as fault:
            self._failed, self._parts, self._rest = True, None, None
            return [*found, (FAIL, closing(fault.code, fault.reason))]
        if self._rest is not None:
            del self._rest[:at]
        elif at < len(data):
            self._rest = bytearray(data[at:])
        self._rest = self._rest or None
        return found

    def _read(self, held: bytes | bytearray, at: int, found: list[Received]) -> int | None:
        """Read the frame at `at`; give where the next one begins, None while this one is not whole."""
        have = len(held) - at
        if have < 2:
            return None
        first, size, body = held[at], held[at + 1] & 0x7F, at + 2
        if not held[at + 1] & 0x80:
            raise _Fault(PROTOCOL_ERROR, "a client's frames are masked")
        if size > _CONTROL_BYTES:
            width = 2 if size == 126 else 8
            if have < 2 + width:
                return None
            size, body = unpack_from("!H" if width == 2 else "!Q", held, body)[0], body + width
        self._check(first, size)
        end = body + 4 + size
        if end > len(held):
            return None
        self._take(first, _unmasked(held, body, size), found)
        return end

    def _check(self, first: int, size: int) -> None:
        """Refuse by the header alone, before anything is kept of the frame."""
        opcode, flags = first & 0x0F, first & 0x70
        if opcode >= CLOSE:
            if opcode > PONG or not first & _FIN or size > _CONTROL_BYTES or flags:
                raise _Fault(PROTOCOL_ERROR, "not a control frame")
            return
        if opcode > BINARY or (opcode == CONTINUATION) != (self._parts is not None):
            raise _Fault(PROTOCOL_ERROR, "not the frame to follow here")
        if flags and not (flags == _DEFLATED and self._deflate and opcode != CONTINUATION):
            raise _Fault(PROTOCOL_ERROR, "a reserved bit is set")
        if size + (self._size if opcode == CONTINUATION else 0) > self._max_bytes:
            raise _Fault(TOO_BIG, f"a message may have {self._max_bytes} bytes")

    def _take(self, first: int, payload: bytes, found: list[Received]) -> None:
        opcode = first & 0x0F
        if opcode >= CLOSE:
            found.append((opcode, payload))
            return
        if opcode != CONTINUATION:
            self._opcode, self._squeezed, self._size = opcode, bool(first & _DEFLATED), 0
            if first & _FIN:
                found.append(self._whole(payload))
                return
            self._parts = []
        if self._parts is not None:
            self._parts.append(payload)
            self._size += len(payload)
            if first & _FIN:
                payload, self._parts = b"".join(self._parts), None
                found.append(self._whole(payload))

    def _whole(self, payload: bytes) -> Received:
        if self._squeezed:
            payload = self._inflated(payload)
        if self._opcode == TEXT and not _is_text(payload):
            raise _Fault(INVALID_TEXT, "not UTF-8")
        return self._opcode, payload

    def _inflated(self, payload: bytes) -> bytes:
        inflate = zlib.decompressobj(wbits=-15)
        try:
            plain = inflate.decompress(payload + _TAIL, self._max_bytes + 1)
        except zlib.error as error:
            raise _Fault(INVALID_TEXT, "not deflated") from error
        if len(plain) > self._max_bytes:
            raise _Fault(TOO_BIG, f"a message may have {self._max_bytes} bytes")
        return plain


class _Fault(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def _unmasked(held: bytes | bytearray, body: int, size: int) -> bytes:
    if not size:
        return b""
    mask, data = held[body : body + 4], held[body + 4 : body + 4 + size]
    key = int.from_bytes((bytes(mask) * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_close_code(code: int) -> bool:
    """Say whether a code may be on the wire (RFC 6455, 7.4, and the codes registered since)."""
    return 3000 <= code <= 4999 or (1000 <= code <= 1014 and code not in {1004, 1005, 1006})
