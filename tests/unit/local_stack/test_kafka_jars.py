import hashlib
from pathlib import Path

import pytest

from local_stack.fetching import in_quarters
from local_stack.kafka_jars import Jar, JarRefused, locked_jars, provide

CONTENT = b"a jar's bytes"
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


def silent(done: int, of: int) -> None:
    """Stand in for the progress."""


def sends(content: bytes):
    def fetch(jar: Jar, aside: Path) -> Path:
        path = aside / jar.name
        path.write_bytes(content)
        return path

    return fetch


def fetches_nothing(jar: Jar, aside: Path) -> Path:
    pytest.fail(f"{jar.name} was fetched although it is in the cache")


def test_what_is_in_the_cache_is_not_fetched_again(tmp_path: Path) -> None:
    (path,) = provide([JAR], tmp_path, silent, sends(CONTENT))
    assert path.read_bytes() == CONTENT
    assert provide([JAR], tmp_path, silent, fetches_nothing) == [path]


def test_a_file_with_another_hash_is_refused_and_does_not_stay(tmp_path: Path) -> None:
    with pytest.raises(JarRefused, match=r"thing-1\.0\.jar is not the file that kafka\.lock\.json names"):
        provide([JAR], tmp_path, silent, sends(b"something else"))
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_in_the_cache_is_refused_and_removed(tmp_path: Path) -> None:
    (tmp_path / JAR.name).write_bytes(CONTENT[:-1])
    with pytest.raises(JarRefused):
        provide([JAR], tmp_path, silent, fetches_nothing)
    assert provide([JAR], tmp_path, silent, sends(CONTENT)), "the next try fetches it anew"


def test_an_interruption_leaves_nothing_half_fetched(tmp_path: Path) -> None:
    def interrupted(jar: Jar, aside: Path) -> Path:
        (aside / jar.name).write_bytes(CONTENT[:3])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provide([JAR], tmp_path, silent, interrupted)
    assert list(tmp_path.iterdir()) == []


def test_what_arrived_before_a_failure_is_kept(tmp_path: Path) -> None:
    other = Jar("org.example", "other", "1.0", "0" * 64)
    with pytest.raises(JarRefused, match="other"):
        provide([JAR, other], tmp_path, silent, sends(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == [JAR.name]


def test_progress_counts_what_was_missing(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    provide([JAR], tmp_path, lambda done, of: seen.append((done, of)), sends(CONTENT))
    provide([JAR], tmp_path, lambda done, of: seen.append((done, of)), fetches_nothing)
    assert seen == [(0, 1), (1, 1)]


def test_the_committed_lock_names_each_jar_once_with_its_hash() -> None:
    jars = locked_jars()
    assert len({jar.name for jar in jars}) == len(jars) > 40
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {"kafka_2.13", "log4j-slf4j-impl"} <= {jar.artifact for jar in jars}


def test_without_a_terminal_the_progress_is_a_few_lines() -> None:
    said: list[str] = []
    count = in_quarters(said.append)
    for done in range(47):
        count(done, 46)
    assert [line.split(": ")[1] for line in said] == [f"{done} of 46 files" for done in (0, 12, 23, 35, 46)]
