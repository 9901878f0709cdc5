"""The command: prints, writes, and says in words what it can't read."""

import json
from pathlib import Path

import pytest

from infra.tools import ROOT
from scanserve_cost.__main__ import WRONG, main

SHIPPED = ROOT / "deploy" / "cost" / "src" / "scanserve_cost"


def test_the_page_in_the_docs_is_the_one_that_the_command_writes(tmp_path: Path) -> None:
    assert main(["--write", str(tmp_path / "cost.md")]) == 0
    assert (tmp_path / "cost.md").read_text() == (ROOT / "docs" / "cost.md").read_text(), (
        'docs/cost.md is old: make cost ARGS="--write docs/cost.md"'
    )


def test_a_business_of_ones_own_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = ["--measured", str(SHIPPED / "measured.json")]
    assert main(["--restaurants", "40", "--screens", "3", "--poll", "5", "--payload-kb", "4", *shipped]) == 0
    said = capsys.readouterr().out
    assert "40 restaurants with 3 screens each" in said
    assert "every 5 s, 4.0 kB" in said
    assert "Socket.IO" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--restaurants", "0"], "restaurants must be more than 0"),
        (["--restaurants", "5", "--open-hours", "800"], "open_hours must be 730"),
        (["--poll", "0"], "--poll must be more than 0"),
        (["--prices", "/nowhere.toml"], "/nowhere.toml"),
        (["--measured", "/nowhere.json"], "/nowhere.json"),
    ],
)
def test_what_makes_no_sense_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == WRONG
    assert words in capsys.readouterr().err


def test_a_price_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (SHIPPED / "prices.toml").read_text().splitlines()
    table = tmp_path / "prices.toml"
    table.write_text("\n".join(line for line in lines if not line.startswith('"kafka.t3.small"')))
    assert main(["--prices", str(table), "--restaurants", "100"]) == WRONG
    assert "no price for 'kafka.t3.small'" in capsys.readouterr().err


def test_a_negative_price_or_a_line_without_source_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "prices.toml"
    for broken, words in (("price = -1, source = 'x'", "negative"), ("price = 1", "source")):
        table.write_text(
            (SHIPPED / "prices.toml").read_text().replace('price = 0.0225, source = "awsnegotiations.com"', broken)
        )
        assert main(["--prices", str(table)]) == WRONG
        assert words in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["delivery_cpu", "sse_delivery_cpu"])
def test_half_a_measurement_is_refused(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((SHIPPED / "measured.json").read_text())
    del document["figures"][missing]
    (tmp_path / "cost.json").write_text(json.dumps(document))
    assert main(["--measured", str(tmp_path / "cost.json")]) == WRONG
    assert missing in capsys.readouterr().err
