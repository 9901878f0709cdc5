import stat
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from local_stack.__main__ import main
from local_stack.announcement import announcement, signed_token
from local_stack.state import AlreadyUp, State
from local_stack.supervisor import STATUS
from order_contracts.claims import TokenRefused, verify
from order_contracts.keys import keys_of_secret


def state_in(folder: Path) -> State:
    state = State(folder)
    state.prepare()
    return state


def test_a_secret_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    secret = state_in(tmp_path).secret("jwt")
    assert len(secret) >= 32
    assert state_in(tmp_path).secret("jwt") == secret
    assert state_in(tmp_path).secret("postgres") != secret
    assert stat.S_IMODE((tmp_path / "jwt.secret").stat().st_mode) == 0o600


def test_a_second_stack_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first, second = State(tmp_path), State(tmp_path)
    first.lock()
    assert second.locked()
    with pytest.raises(AlreadyUp):
        second.lock()
    first.unlock()
    assert not second.locked()
    second.lock()
    second.unlock()


def test_a_file_is_replaced_whole_and_nothing_lies_around(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    assert state.read("ports.json") == {}
    state.write("ports.json", {"kafka": 1})
    state.write("ports.json", {"kafka": 2})
    assert state.read("ports.json") == {"kafka": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "ports.json", "runs"]


def test_the_token_command_signs_with_the_secret_of_the_running_stack(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    state.write(STATUS, {"jwt_secret": "the one that the supervisor was given"})
    token = signed_token(state, venues="*", scopes=["admin"])
    claims = verify(token, keys_of_secret("the one that the supervisor was given"))
    assert (claims.venues, claims.scopes) == (None, {"admin"})
    with pytest.raises(TokenRefused):
        verify(token, keys_of_secret(state.secret("jwt")))


def test_the_announcement_has_the_page_s_link_with_a_token_that_fits_it(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    running = {
        "order_api": ["http://127.0.0.1:1"],
        "query": ["http://127.0.0.1:2"],
        "notifier": ["http://127.0.0.1:3", "http://127.0.0.1:4"],
        "kafka": "127.0.0.1:5",
        "database": "postgresql://here",
        "redis": None,
        "sources": {"kafka": "embedded", "postgres": "embedded"},
    }
    text = "\n".join(announcement(state, running))
    link = next(word for word in text.split() if "#token=" in word)
    assert link.startswith("http://127.0.0.1:3/#token=")
    token = link.partition("#token=")[2].partition("&venue=")[0]
    assert verify(token, keys_of_secret(state.secret("jwt"))).venues == {link.rpartition("=")[2]}
    assert "Redis" not in text


def test_a_token_for_a_pos_lasts_for_days_and_can_be_revoked_by_the_id_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["local_stack", "token", "--state", str(tmp_path), "--days", "400"])
    assert main() == 0
    told = capsys.readouterr()
    claims = verify(told.out.strip(), keys_of_secret(state_in(tmp_path).secret("jwt")))
    assert claims.token_id is not None
    assert claims.token_id in told.err
    assert timedelta(days=399) < timedelta(seconds=claims.expires_at - time.time()) < timedelta(days=401)
