"""Apache Kafka's jars in a cache folder, each exactly the one that the committed lock names.

What is in the cache is complete and verified: a file is fetched aside, checked, and only then moved to its place.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from local_stack.failure import StackFailure

LOCK_FILE = Path(__file__).with_name("kafka.lock.json")
_PARALLEL = 8
_TIMEOUT_SECONDS = 60


class JarRefused(StackFailure):
    """A jar is not the one that the lock names, or could not be fetched; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """Its file name, in the cache and on the class path."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars(lock: Path = LOCK_FILE) -> list[Jar]:
    """Read the lock."""
    return [Jar(**entry) for entry in json.loads(lock.read_text())["jars"]]


def cache_folder() -> Path:
    """Say where fetched files live: SCANSERVE_CACHE, or the user's cache folder."""
    given = os.environ.get("SCANSERVE_CACHE")
    return Path(given) if given else Path(platformdirs.user_cache_dir("scanserve", appauthor=False))


def provide(
    jars: list[Jar],
    folder: Path,
    on_progress: Callable[[int, int], None],
    fetch: "Callable[[Jar, Path], Path] | None" = None,
) -> list[Path]:
    """Give the paths of all jars, after fetching those that are missing. `on_progress(done, of)` only while it does.

    Raises JarRefused; what was verified until then stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / jar.name for jar in jars]
    missing = [jar for jar, path in zip(jars, paths, strict=True) if not path.exists()]
    for jar in jars:
        if jar not in missing:
            _verify(folder / jar.name, jar)
    if missing:
        _fetch_all(missing, folder, on_progress, fetch or _download)
    return paths


def _fetch_all(
    missing: list[Jar], folder: Path, on_progress: Callable[[int, int], None], fetch: Callable[[Jar, Path], Path]
) -> None:
    on_progress(0, len(missing))
    with (
        tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as aside,
        ThreadPoolExecutor(_PARALLEL) as threads,
    ):
        waiting = [threads.submit(_fetch_one, jar, Path(aside), folder, fetch) for jar in missing]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                future.result()
                on_progress(done, len(missing))
        except BaseException:
            threads.shutdown(cancel_futures=True)  # the first refusal says it all
            raise


def _fetch_one(jar: Jar, aside: Path, folder: Path, fetch: Callable[[Jar, Path], Path]) -> None:
    arrived = fetch(jar, aside)
    _verify(arrived, jar)
    os.replace(arrived, folder / jar.name)  # noqa: PTH105  # both on one file system: whole or not at all


def _download(jar: Jar, aside: Path) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415  # slow to import, and needed once per machine
    from requests import RequestException  # noqa: PLC0415

    repository = aside / jar.name  # one for each jar: jgo's own files must not meet
    context = MavenContext(repo_cache=repository, timeout=_TIMEOUT_SECONDS)
    try:
        return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())
    except (RequestException, RuntimeError, OSError) as error:
        shutil.rmtree(repository, ignore_errors=True)
        raise JarRefused(
            f"Apache Kafka's {jar.name} could not be fetched ({error}). Is the network there? Try again; what has "
            "arrived is kept. With a Kafka of your own, set KAFKA_BOOTSTRAP_SERVERS and nothing is fetched."
        ) from error


def _verify(path: Path, jar: Jar) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        path.unlink()
        raise JarRefused(
            f"{jar.name} is not the file that kafka.lock.json names: sha256 {found}, wanted {jar.sha256}. "
            "It was removed. Try again; if it stays so, what the registry serves has changed: do not use it."
        )
