"""The command line of the import: read a file, send it at a bounded rate, say what came of each line."""

import argparse
import gzip
import io
import json
import os
import time
from base64 import urlsafe_b64decode
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from itertools import islice
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo, available_timezones

import httpx
from rich.console import Console

from order_api.history_import.checkpoint import Checkpoint, load, name_of, save
from order_api.history_import.entries import Entry, Target, read_csv, read_ndjson
from order_api.history_import.progress import shown
from order_api.history_import.sending import Sender, Stopped, Tally, in_batches
from order_contracts.ids import is_name

DONE, FAILED, WRONG_USE = 0, 1, 2
TOKEN_VARIABLE = "ORDER_API_TOKEN"  # noqa: S105  # its name, not itself


class WrongUse(Exception):
    """The command line is wrong; the text says where."""


def main(arguments: Sequence[str]) -> int:
    """Give the exit code: 0 all lines are in, 1 some are not or it was stopped, 2 wrong use."""
    options = _options(arguments)
    console = Console(stderr=True, soft_wrap=True)
    try:
        checkpoint = _import(options, console)
    except WrongUse as wrong:
        console.print(str(wrong), markup=False, highlight=False)
        return WRONG_USE
    except KeyboardInterrupt:
        console.print("stopped: run the same again to go on")
        return FAILED
    except Stopped as stopped:
        console.print(f"stopped: {stopped}", markup=False, highlight=False)
        return FAILED
    told = f"{checkpoint.imported} imported, {checkpoint.already} were there already, {checkpoint.failed} failed"
    console.print(told, markup=False, highlight=False)
    return FAILED if checkpoint.failed else DONE


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m order_api import",
        description=f"Import orders of the past. The token, of scope orders:import, is taken from {TOKEN_VARIABLE}.",
    )
    parser.add_argument("file", type=Path, help="NDJSON, or CSV of the takeaway format; .gz is read too")
    parser.add_argument("--venue", required=True, help="the venue that the orders are of")
    parser.add_argument("--org", required=True, help="its organization: the token has to be of the same")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where order-api is")
    parser.add_argument("--source", default="import", help="the system that the orders come from, where none is said")
    parser.add_argument("--currency", default="GBP", help="of a CSV's prices")
    parser.add_argument("--timezone", default="Europe/London", help="of a CSV's times")
    parser.add_argument("--rate", type=float, default=500.0, help="orders a second, at most")
    parser.add_argument(
        "--state", type=Path, help="where to note how far it has come (default FILE.VENUE.import.json, here)"
    )
    return parser.parse_args(arguments)


def _import(options: argparse.Namespace, console: Console) -> Checkpoint:
    token, target = _token(options.org), _target(options)
    if not options.file.is_file():
        raise WrongUse(f"{options.file} is no file")
    state = options.state or Path(f"{options.file.name}.{options.venue}.import.json")
    checkpoint = load(state, name_of(options.file))
    if checkpoint.entries:
        console.print(f"going on after {checkpoint.entries} orders", markup=False, highlight=False)
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(headers=headers, timeout=60) as http,
        options.file.open("rb") as raw,
        closing(_entries(raw, options.file, target)) as entries,  # before the file that it reads, whatever happens
    ):
        sender = Sender(http, options.url, sleep=time.sleep)
        with shown(console, options.file.stat().st_size) as advance:
            for batch in in_batches(islice(entries, checkpoint.entries, None)):
                began = time.monotonic()
                _note(checkpoint, batch, sender.send(batch), console)
                save(state, checkpoint)
                advance(raw.tell(), f"{checkpoint.entries} orders, {checkpoint.failed} failed")
                time.sleep(max(0.0, len(batch) / options.rate - (time.monotonic() - began)))
    state.unlink(missing_ok=True)
    return checkpoint


def _note(checkpoint: Checkpoint, batch: Sequence[Entry], tally: Tally, console: Console) -> None:
    faults = [str(fault) for fault in tally.faults]
    for fault in faults:
        console.print(fault, markup=False, highlight=False)
    checkpoint.entries += len(batch)
    checkpoint.imported += tally.imported
    checkpoint.already += tally.already
    checkpoint.fail(faults)


def _target(options: argparse.Namespace) -> Target:
    for name in ("venue", "source"):
        if not is_name(getattr(options, name)):
            raise WrongUse(f"--{name} has to be letters, digits, and . _ - after the first")
    if options.timezone not in available_timezones():
        raise WrongUse(f"--timezone {options.timezone} is not known; give one such as Europe/London")
    if options.rate <= 0:
        raise WrongUse("--rate has to be more than 0")
    return Target(options.venue, options.source, options.currency, ZoneInfo(options.timezone))


def _token(organization: str) -> str:
    """Give the token, once it is known to be of this organization; order-api checks all else."""
    token = os.environ.get(TOKEN_VARIABLE, "")
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        of = claims["org"]
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise WrongUse(f"put a token of scope orders:import into {TOKEN_VARIABLE}") from error
    if of != organization:
        raise WrongUse(f"the token in {TOKEN_VARIABLE} is of organization {of}, not of {organization}")
    return token


def _entries(raw: IO[bytes], path: Path, target: Target) -> Generator[Entry]:
    zipped = path.suffix == ".gz"
    read = read_csv if (path.stem if zipped else path.name).endswith(".csv") else read_ndjson
    with gzip.GzipFile(fileobj=raw) if zipped else nullcontext(raw) as content:
        lines = io.TextIOWrapper(content, encoding="utf-8-sig", errors="replace", newline="")
        try:
            yield from read(lines, target)
        except (ValueError, OSError) as error:
            raise WrongUse(f"{path}: {error}") from error
        finally:
            lines.detach()
