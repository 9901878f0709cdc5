"""The servers that are compared, and how each is built."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from load.realtime.servers import BUILD, Contestant

HERE = Path(__file__).parent
PEERS = HERE / "peers"
CENTRIFUGO = "github.com/centrifugal/centrifugo/v6@v6.9.1"
_GO = ("centrifuge", "centrifugo", "recovering")


def build(names: Collection[str]) -> None:
    """Compile the swarm and what the named contestants need. Centrifugo takes minutes, the first time."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for program in ("swarm", "floor"):
        _run("cc", "-O2", "-o", str(BUILD / program), str(HERE / f"{program}.c"))
    if not set(names).isdisjoint(_GO):
        _run("go", "build", "-o", str(BUILD.resolve()), "./centrifuge", "./relay", folder=PEERS)
    if not {"centrifugo", "recovering"}.isdisjoint(names) and not (BUILD / "centrifugo").exists():
        print("building Centrifugo: five minutes or so, once", flush=True)
        _run("go", "install", CENTRIFUGO, environment={"GOBIN": str(BUILD.resolve())})
    if "node" in names and not (PEERS / "node_modules" / "socket.io").exists():
        _run("npm", "ci", "--no-audit", "--no-fund", "--silent", folder=PEERS)


def _run(program: str, *arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None) -> None:
    path = shutil.which(program)
    if path is None:
        raise SystemExit(f"the comparison needs {program}: install it, or measure on a machine that has it")
    subprocess.run([path, *arguments], cwd=folder, env={**os.environ, **(environment or {})}, check=True)


def contestants() -> dict[str, Contestant]:
    """Give them by their short names."""
    node = shutil.which("node") or "node"
    free = {"CONNECTS_PER_SECOND": "1e6"}
    recovering = {"HISTORY_SIZE": "5000", "HISTORY_TTL": "15m", "FORCE_RECOVERY": "true", "FORCE_POSITIONING": "true"}
    return {
        "floor": Contestant("floor: C, one send(2) a member", _fed(str(BUILD / "floor")), "raw"),
        "uvloop": Contestant("uvloop transport.write", _python("uvloop_floor"), "raw"),
        "ours": Contestant("ours", _python("ours"), "sio", "venue:v%d", free),
        "deflated": Contestant(
            "ours, deflated", _python("ours"), "sioz", "venue:v%d", free | {"COMPRESS_BATCHES": "1"}
        ),
        "admitting": Contestant("ours, admitting", _python("ours"), "sio", "venue:v%d"),
        "node": Contestant("Node socket.io 4.8", _fed(node, str(PEERS / "node.mjs")), "sio"),
        "centrifuge": Contestant("centrifuge 0.40 (Go)", _fed(str(BUILD / "centrifuge")), "cf"),
        "centrifugo": _centrifugo("Centrifugo 6.9", {}),
        "recovering": _centrifugo("Centrifugo 6.9, recovery on", recovering),
        "stock": Contestant("stock python-socketio", _python("stock"), "sio"),
    }


def _fed(*command: str) -> tuple[str, ...]:
    return (*command, "{port}", "{feed}", "{window}")


def _python(module: str) -> tuple[str, ...]:
    return _fed(sys.executable, "-m", f"load.realtime.{module}")


def _centrifugo(name: str, channels: dict[str, str]) -> Contestant:
    """Give it with what its channels keep, told in its own settings."""
    server = (str(BUILD / "centrifugo"), "--http_server.address=127.0.0.1", "--http_server.port={port}")
    switches = ("--client.insecure", "--http_api.insecure", "--health.enabled", "--log.level=error")
    return Contestant(
        name,
        (*server, *switches),
        "cf",
        environment={
            "CENTRIFUGO_HEALTH_HANDLER_PREFIX": "/readyz",
            **{f"CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_{key}": value for key, value in channels.items()},
        },
        helper=(str(BUILD / "relay"), "{feed}", "{window}", "http://127.0.0.1:{port}/api/batch"),
    )
