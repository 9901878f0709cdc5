"""`python -m order_api erase-guest …` and `… guest-keys …`: forget guests, and look after the keys of their texts.

What must not break: a key is taken out only of an order that the log says is erased, and a command that was cut short
is finished by running it again.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import track

from order_contracts.guest_key_file import change_keys, read_keys, write_keys
from order_contracts.guest_keys import GuestKeys, new_seed
from order_contracts.ids import is_name
from order_contracts.reloaded import NotReadable

DONE, FAILED, WRONG_USE = 0, 1, 2
TOKEN_VARIABLE = "ORDER_API_TOKEN"  # noqa: S105  # its name, not itself
_PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
_NAMES = ("erase-guest", "erase-guest-again")  # the second where somebody used the first for something else


def erase(arguments: Sequence[str]) -> int:
    """Erase the guests of some orders. 0: all are; 1: some are not, or it was stopped; 2: wrong use."""
    options, console = _erase_options(arguments), Console(stderr=True, soft_wrap=True)
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        console.print(f"put a token of scope guests:erase into {TOKEN_VARIABLE}", markup=False)
        return WRONG_USE
    try:
        read_keys(options.keys)  # before anything is done
        with httpx.Client(base_url=options.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
            asked = track(options.order, "erasing", console=console, transient=True)
            outcomes = [_erase_one(http, options, order_id) for order_id in asked]
        erased = [one["order_id"] for one in outcomes if one["erased"]]
        change_keys(options.keys, lambda keys: keys.without(erased))
    except (NotReadable, OSError, httpx.TransportError) as error:
        console.print(f"stopped: {error}. Run the same again: what was done is not done twice", markup=False)
        return FAILED
    except KeyboardInterrupt:
        console.print("stopped: run the same again to go on")
        return FAILED
    if options.json:
        sys.stdout.write(json.dumps({"orders": outcomes, "keys": str(options.keys)}) + "\n")
    else:
        sys.stdout.writelines(f"{one['order_id']}: {one['outcome']}\n" for one in outcomes)
        sys.stdout.write(f"{len(erased)} keys are out of {options.keys}: put it in the place of all its copies\n")
    return DONE if len(erased) == len(outcomes) else FAILED


def _erase_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m order_api erase-guest",
        description="Forget the guests of orders: their names, notes and allergens. It can't be undone. "
        f"The token, of scope guests:erase, is taken from {TOKEN_VARIABLE}.",
    )
    parser.add_argument("order", nargs="+", help="an order's id")
    parser.add_argument("--venue", required=True, help="the venue that the orders are of")
    parser.add_argument(
        "--keys", type=Path, required=True, help="GUEST_KEYS_FILE: the orders' keys are taken out of it"
    )
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where order-api is")
    parser.add_argument("--reason", help="such as the number of the request; it stays in the log, and names no guest")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)


def _erase_one(http: httpx.Client, options: argparse.Namespace, order_id: str) -> dict[str, Any]:
    address = f"/v1/venues/{options.venue}/orders/{order_id}/erase-guest"
    body = {} if options.reason is None else {"reason": options.reason}
    for name in _NAMES:
        answer = _patiently(http, address, body, name)
        problem = {} if answer.is_success else _problem_of(answer)
        if problem.get("code") != "idempotency_key_reused":
            break
    again = answer.headers.get("Idempotent-Replayed") == "true" or problem.get("code") == "guest_erased"
    if answer.is_success or again:
        return {"order_id": order_id, "erased": True, "outcome": "was erased before" if again else "erased"}
    return {"order_id": order_id, "erased": False, "outcome": f"not erased: {problem.get('detail', answer.text[:200])}"}


def _patiently(http: httpx.Client, address: str, body: dict[str, str], name: str) -> httpx.Response:
    for pause in (*_PAUSES, 0.0):
        answer = http.post(address, json=body, headers={"Idempotency-Key": name})
        if answer.status_code not in _PASSING:
            break
        time.sleep(pause)
    return answer


def _problem_of(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def keys(arguments: Sequence[str]) -> int:
    """Make a file of keys, begin an era in it, or drop one. 0: done; 1: not; 2: wrong use."""
    options, console = _key_options(arguments), Console(stderr=True, soft_wrap=True)
    if not is_name(options.era) or "." in options.era:
        console.print("an era is named by letters, digits, - and _, such as 2026-11", markup=False)
        return WRONG_USE
    try:
        left = _keys_after(options)
    except (NotReadable, OSError, ValueError) as error:
        console.print(f"not done: {error}", markup=False)
        return FAILED
    said = {"current": left.current, "eras": list(left.eras)}
    sys.stdout.write(
        json.dumps(said) + "\n" if options.json else f"sealing in {left.current}, of {', '.join(left.eras)}\n"
    )
    return DONE


def _keys_after(options: argparse.Namespace) -> GuestKeys:
    if options.action == "begin":
        return change_keys(options.file, lambda held: held.with_era(options.era, new_seed()))
    if options.action == "drop":
        return change_keys(options.file, lambda held: held.without_era(options.era))
    if options.file.exists():
        raise ValueError(f"{options.file} is there already: what it seals would be lost with it")
    made = GuestKeys({options.era: new_seed()}, options.era)
    write_keys(options.file, made)
    return made


def _key_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m order_api guest-keys", description=keys.__doc__)
    parser.add_argument("action", choices=("new", "begin", "drop"), help="a file; an era in it; away with an era")
    parser.add_argument("file", type=Path, help="GUEST_KEYS_FILE")
    parser.add_argument("era", help="such as 2026-11")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)
