"""Kafka's storage is prepared by its own slow tool once a machine, not once a start."""

from pathlib import Path

import pytest

from local_stack import kafka_server


def test_a_second_folder_needs_no_tool_and_other_jars_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Path] = []

    def tool(_: tuple[str, ...], properties: Path) -> None:
        ran.append(properties)
        (properties.parent / "data" / "meta.properties").write_text("version=1")
        (properties.parent / "data" / "bootstrap.checkpoint").write_bytes(b"1")

    monkeypatch.setattr(kafka_server, "_format", tool)
    monkeypatch.setattr(kafka_server, "cache_folder", lambda: tmp_path)

    def prepared(name: str, jar: str) -> dict[str, bytes]:
        folder = tmp_path / name
        kafka_server.kafka_program(
            folder=folder, log=folder / "log", jars=[tmp_path / jar], port=1, controller_port=2, environment={}
        )
        return {file.name: file.read_bytes() for file in (folder / "data").iterdir()}

    first = prepared("first", "kafka-4.3.0.jar")
    assert first.keys() == {"meta.properties", "bootstrap.checkpoint"}
    assert prepared("second", "kafka-4.3.0.jar") == first
    assert len(ran) == 1
    assert prepared("third", "kafka-4.4.0.jar") == first
    assert len(ran) == 2
