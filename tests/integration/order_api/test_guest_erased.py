"""Erasing guests at order-api alone: no Postgres is there, and orders are taken, sealed and erased all the same."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.log_reader import accepted_events
from infra.pos_client import SCOPES, PosClient, order_body, token
from infra.services import Backing
from integration.order_api.conftest import PARTITIONS, Replicas, program, two_replicas
from local_stack.ports import HOST, unused_port
from order_api import guest_command
from order_contracts.guest_key_file import read_keys
from order_contracts.guest_keys import mark_of

WORDS = ("Ada-5e1f", "by-the-window", "peanut-3c", "well-done-9")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guest") / "keys.json"
    assert guest_command.keys(["new", str(path), "2026"]) == guest_command.DONE
    return path


@pytest.fixture(scope="module")
def sealing(backing: Backing, keys: Path) -> Iterator[Replicas]:
    with two_replicas(backing, GUEST_KEYS_FILE=str(keys), GUEST_KEYS_SECONDS="0.2") as running:
        yield running


@pytest.fixture
async def till() -> AsyncIterator[PosClient]:
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, token(venue, scopes=(*SCOPES, "guests:erase"))) as client:
        yield client


def body() -> dict[str, Any]:
    name, note, allergen, line = WORDS
    said = order_body(guest={"name": name}, notes=note, allergens=[allergen])
    said["items"][0]["notes"] = line
    return said


def spoken(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


async def log_of(replicas: Replicas, till: PosClient) -> list[bytes]:
    events = await accepted_events(replicas.backing.kafka, replicas.topic, PARTITIONS, till.venue_id)
    return [event.value for event in events]


async def test_a_guest_s_words_are_answered_by_each_replica_and_stand_in_the_log_sealed(
    sealing: Replicas, till: PosClient
) -> None:
    placed = await till.place(sealing.urls[0], body())
    order_id = placed.json()["order_id"]
    await till.act(sealing.urls[1], order_id, "notes", {"notes": f"{WORDS[1]} please"}, If_Match="*")
    read = await till.read(sealing.urls[0], order_id)
    assert spoken(placed.text) == spoken(read.text) == list(WORDS)
    assert read.json()["notes"] == f"{WORDS[1]} please"
    log = await log_of(sealing, till)
    assert [value.count(b'{"sealed":') for value in log] == [4, 1]
    assert spoken(b"".join(log).decode()) == []


async def test_the_same_request_is_known_again_and_another_is_not(sealing: Replicas, till: PosClient) -> None:
    first = await till.place(sealing.urls[0], body(), key="k")
    again = await till.place(sealing.urls[1], body(), key="k")
    other = await till.place(sealing.urls[1], {**body(), "notes": "none"}, key="k")
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.json()) == (201, "true", first.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_erased_guest_is_in_no_answer_and_not_taken_in_again(sealing: Replicas, till: PosClient) -> None:
    placed = await till.place(sealing.urls[0], body(), key="k")
    order_id = placed.json()["order_id"]
    erased = await till.act(sealing.urls[0], order_id, "erase-guest", {"reason": "request 7"})
    assert (erased.status_code, spoken(erased.text)) == (200, [])
    assert erased.json()["items"].keys() == placed.json()["items"].keys()
    repeated = await till.place(sealing.urls[1], body(), key="k")
    assert (repeated.status_code, spoken(repeated.text)) == (201, [])
    for verb, said in (("erase-guest", None), ("notes", {"notes": WORDS[1]})):
        refused = await till.act(sealing.urls[1], order_id, verb, said, If_Match="*")
        assert (refused.status_code, refused.json()["code"]) == (409, "guest_erased")
    accepted = await till.act(sealing.urls[1], order_id, "accept")
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")


async def test_only_who_may_erase_guests_does(sealing: Replicas, pos: PosClient) -> None:
    order_id = (await pos.place(sealing.urls[0], body())).json()["order_id"]
    refused = await pos.act(sealing.urls[0], order_id, "erase-guest")
    assert (refused.status_code, refused.json()["detail"]) == (403, "the token has no scope guests:erase")


async def test_an_order_from_before_the_keys_is_read_changed_and_erased(
    backing: Backing, sealing: Replicas, till: PosClient
) -> None:
    with one_without_keys(backing, sealing.topic) as old:
        placed = await till.place(old, body(), key="k")
    order_id = placed.json()["order_id"]
    changed = await till.act(sealing.urls[0], order_id, "notes", {"notes": f"{WORDS[1]}!"}, If_Match="*")
    assert spoken(changed.text) == list(WORDS)
    assert [value.count(b'{"sealed":') for value in await log_of(sealing, till)] == [0, 1]
    again = await till.place(sealing.urls[1], body(), key="k")
    assert again.json() == placed.json()
    erased = await till.act(sealing.urls[0], order_id, "erase-guest")
    assert spoken(erased.text) == []
    assert spoken((await till.place(sealing.urls[1], body(), key="k")).text) == []


@contextmanager
def one_without_keys(backing: Backing, topic: str) -> Iterator[str]:
    name, port = f"order-api-old-{topic}", unused_port()
    backing.run.start(program(backing, name, port, topic))
    yield f"http://{HOST}:{port}"
    backing.run.programs[name].stop()


async def test_the_command_erases_and_takes_out_the_keys_of_what_was_erased_and_of_nothing_else(
    sealing: Replicas,
    till: PosClient,
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(guest_command.TOKEN_VARIABLE, token(till.venue_id, scopes=("guests:erase",)))
    mine, busy, others = [(await till.place(sealing.urls[0], body())).json()["order_id"] for _ in range(3)]
    await till.act(sealing.urls[0], busy, "accept", key="erase-guest")  # somebody else's use of the command's own name
    unknown = "00000000-0000-5000-8000-000000000000"

    async def run(*orders: str) -> tuple[int, list[str]]:
        words = [*orders, "--venue", till.venue_id, "--url", sealing.urls[1], "--keys", str(keys), "--json"]
        code = await asyncio.to_thread(guest_command.erase, words)
        return code, [one["outcome"] for one in json.loads(capsys.readouterr().out)["orders"]]

    not_there = "not erased: there is no such order at this venue"
    assert await run(mine, unknown, busy) == (guest_command.FAILED, ["erased", not_there, "erased"])
    assert await run(mine, busy) == (guest_command.DONE, ["was erased before"] * 2)
    left = read_keys(keys)
    gone = [left.key("2026", mark_of(order)) is None for order in (mine, busy, unknown, others)]
    assert gone == [True, True, False, False]
    assert spoken((await till.read(sealing.urls[0], others)).text) == list(WORDS)
    assert spoken((await till.read(sealing.urls[0], busy)).text) == []


def test_what_the_commands_can_t_do_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "keys.json")
    monkeypatch.delenv(guest_command.TOKEN_VARIABLE, raising=False)
    assert guest_command.erase(["o", "--venue", "v", "--keys", path]) == guest_command.WRONG_USE
    monkeypatch.setenv(guest_command.TOKEN_VARIABLE, "t")
    assert guest_command.erase(["o", "--venue", "v", "--keys", path]) == guest_command.FAILED
    assert guest_command.keys(["begin", path, "2"]) == guest_command.FAILED
    assert guest_command.keys(["new", path, "a.b"]) == guest_command.WRONG_USE
    assert guest_command.keys(["new", path, "1"]) == guest_command.DONE
    assert guest_command.keys(["new", path, "1"]) == guest_command.FAILED
    assert guest_command.erase(["o", "--venue", "v", "--keys", path, "--url", f"http://{HOST}:{unused_port()}"]) == 1
    assert guest_command.keys(["begin", path, "2"]) == guest_command.DONE
    assert guest_command.keys(["drop", path, "2"]) == guest_command.FAILED
    assert guest_command.keys(["drop", path, "1", "--json"]) == guest_command.DONE
    assert read_keys(Path(path)).eras.keys() == {"2"}
