"""What sealing guests' texts costs an order: CPU beside encoding its event, and beside the bare cipher, in one run."""

import time
from collections.abc import Callable
from os import urandom
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from load.bench import write
from order_contracts.events import Event, encode_event
from order_contracts.guest_keys import GuestKeys, new_seed
from order_contracts.guest_texts import GuestTexts

ORDERS, ROUNDS = 10_000, 5
TEXTS = ("Ada Lovelace", "by the window please", "peanut", "well done")
_TIME = "2026-11-20T18:25:00.000Z"
_LINE = {"name": "Margherita", "quantity": "2", "unit_price": {"amount": 950, "currency": "EUR"}, "state": "new"}
BARE: dict[str, Any] = {
    **dict.fromkeys(("status_since", "placed_at", "updated_at"), _TIME),
    "version": 1,
    "status": "placed",
    "payment": "unpaid",
    "channel": "qr",
    "business_date": "2026-11-20",
    "allergens": [],
    "items": {str(line): _LINE for line in range(3)},
}
NAME, NOTE, ALLERGEN, LINE_NOTE = TEXTS
SPOKEN = {
    **BARE,
    "guest": {"name": NAME},
    "notes": NOTE,
    "allergens": [ALLERGEN],
    "items": {**BARE["items"], "0": {**_LINE, "notes": LINE_NOTE}},
}


def event(order_id: str, change: dict[str, Any]) -> Event:
    """Give the event that places an order."""
    return Event(
        id=order_id, type="order.placed.v1", order_id=order_id, venue_id="v", organization_id="o", version=1,
        time=_TIME, actor="bench", change=change,
    )  # fmt: skip


def as_order_api(guests: GuestTexts, order_id: str, change: dict[str, Any]) -> None:
    """Do to one order what order-api does: seal, mask, encode, compare, open for the answer."""
    fingerprint = "0" * 32
    sealed = guests.sealed(order_id, change)
    masked = guests.masked(order_id, fingerprint) if sealed is not change else fingerprint
    value = encode_event(event(order_id, sealed))
    assert guests.same_request(order_id, masked, fingerprint)
    guests.opened(value)


def bare_cipher(order_id: str) -> None:
    """Seal and open the same texts with a key that is there: the floor."""
    cipher = AESGCM(order_id.encode()[:16])
    for text in TEXTS:
        nonce = urandom(12)
        cipher.decrypt(nonce, cipher.encrypt(nonce, text.encode(), None), None)


def microseconds(do: Callable[[str], None]) -> float:
    """Give the CPU of one order, the best of some rounds."""
    orders, best = [f"{number:032x}" for number in range(ORDERS)], float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for order_id in orders:
            do(order_id)
        best = min(best, time.process_time() - began)
    return round(best / ORDERS * 1e6, 2)


def fresh() -> GuestTexts:
    """Give keys that nobody has asked yet."""
    keys = GuestKeys({"1": new_seed()}, "1")
    return GuestTexts(lambda: keys)


def opening(orders: int = 50) -> float:
    """Give the CPU of opening one text of a snapshot, its orders' keys not yet known."""
    writer = fresh()
    keys = writer._keys()
    assert keys is not None
    texts = [encode_event(event(str(n), writer.sealed(str(n), SPOKEN))) for n in range(orders)]
    reader = GuestTexts(lambda: GuestKeys(keys.eras, keys.current))
    began = time.process_time()
    for text in texts:
        reader.opened(text)
    return round((time.process_time() - began) / orders / len(TEXTS) * 1e6, 2)


def main() -> None:
    """Measure, print, write."""
    plain = GuestTexts(lambda: None)
    found = {
        "encode, no texts": microseconds(lambda order: as_order_api(plain, order, BARE)),
        "with keys, no texts": microseconds(lambda order: as_order_api(SEALING, order, BARE)),
        "encode, 4 texts": microseconds(lambda order: as_order_api(plain, order, SPOKEN)),
        "with keys, 4 texts, key known": microseconds(lambda order: as_order_api(SEALING, order, SPOKEN)),
        "with keys, 4 texts, key grown": microseconds(_with_new_keys),
        "the bare cipher, 4 texts": microseconds(bare_cipher),
        "opening one text, key grown": opening(),
    }
    for name, value in found.items():
        print(f"{name:<32}{value:>8.2f} µs of CPU")
    print(write("sealing", found))


SEALING = fresh()
_grown = {"keys": fresh()}


def _with_new_keys(order_id: str) -> None:
    if order_id == "0" * 32:  # each round anew: every order's first text pays for its key
        _grown["keys"] = fresh()
    as_order_api(_grown["keys"], order_id, SPOKEN)


if __name__ == "__main__":
    main()
