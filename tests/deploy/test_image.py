"""The image, as far as it can be proved without an engine that builds it.

The Dockerfile keeps its rules, and what it installs is installed here in the same way and started as it would be.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

from infra.tools import ROOT, run_tool

SERVICES = {"order-api": "order_api", "projector": "projector", "notifier": "notifier"}
ENTRIES = [
    ("order_api", ()),
    ("projector", ("run",)),
    ("projector", ("serve",)),
    ("projector", ("migrate",)),
    ("projector", ("webhooks", "run")),
    ("notifier", ()),
]


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    parser = DockerfileParser(path=str(ROOT / "deploy" / "Dockerfile"))
    return [(step["instruction"], step["value"]) for step in parser.structure]


def test_hadolint_has_nothing_to_say() -> None:
    done = run_tool("hadolint", str(ROOT / "deploy" / "Dockerfile"))
    assert done.returncode == 0, done.stdout


def test_it_runs_as_nobody_in_particular(steps: list[tuple[str, str]]) -> None:
    last_stage = steps[max(place for place, (name, _) in enumerate(steps) if name == "FROM") :]
    users = [value for name, value in last_stage if name == "USER"]
    assert users == ["10001:10001"], "a number: Kubernetes can't tell whether a name is root"
    assert not [value for name, value in last_stage if name == "RUN" and "pip" in value], "built in the stage before"


def test_all_that_it_installs_is_hashed_or_our_own(steps: list[tuple[str, str]]) -> None:
    installs = [
        part
        for name, value in steps
        if name == "RUN"
        for part in value.split(";")
        if "pip install" in part or "pip wheel" in part
    ]
    assert len(installs) == 4
    assert [part for part in installs if "--require-hashes" not in part and "--no-deps" not in part] == []


def test_what_it_copies_is_there_and_not_ignored(steps: list[tuple[str, str]]) -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    sources = [
        source.replace("${SERVICE}", service)
        for name, value in steps
        if name == "COPY" and not value.startswith("--from")
        for source in value.split()[:-1]
        for service in SERVICES
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] not in ignored, source


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels as the Dockerfile builds them, installed in a folder of their own."""
    folder = tmp_path_factory.mktemp("image")
    sources = [ROOT / "contracts", *(ROOT / "services" / name for name in SERVICES)]
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*build, "-w", folder / "wheels", *sources], check=True)
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", folder / "app"]
    subprocess.run([*install, *(folder / "wheels").glob("*.whl")], check=True)
    return folder / "app"


@pytest.mark.parametrize(("module", "arguments"), ENTRIES, ids=[" ".join((m, *a)) for m, a in ENTRIES])
def test_without_its_environment_an_entry_says_what_it_needs(
    installed: Path, tmp_path: Path, module: str, arguments: tuple[str, ...]
) -> None:
    command = [sys.executable, "-P", "-m", module, *arguments]
    environment = {"PYTHONPATH": str(installed), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2, done.stderr
    needed = "DATABASE_URL" if module == "projector" else "KAFKA_BOOTSTRAP_SERVERS"
    assert needed in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_services_read_beside_their_code_is_in_the_wheels(installed: Path) -> None:
    beside = {
        path.relative_to(ROOT / "services" / name / "src")
        for name, package in SERVICES.items()
        for path in (ROOT / "services" / name / "src" / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert {path.suffix for path in beside} >= {".sql", ".js", ".html"}
    assert [str(path) for path in beside if not (installed / path).is_file()] == []
