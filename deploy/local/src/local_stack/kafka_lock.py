"""Makes kafka.lock.json: resolves Apache Kafka's jars with jgo and writes their coordinates and hashes. Run by hand."""

import hashlib
import json
import tempfile
from pathlib import Path

from local_stack.kafka_jars import LOCK_FILE

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
_BRIDGE = ("org.apache.logging.log4j", "log4j-slf4j-impl")
"""Kafka's distribution carries it, its pom does not name it; without it slf4j is silent and there is no log."""


def write_lock() -> int:
    """Resolve and write; say how many jars the lock names."""
    from jgo.maven import MavenContext  # noqa: PLC0415  # as in kafka_jars

    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository), timeout=60)
        inputs, others = context.resolver.resolve([context.create_dependency(KAFKA)])
        artifacts = [dependency.artifact for dependency in (*inputs, *others)]
        log4j = next(found.version for found in artifacts if found.artifactId == "log4j-core")
        artifacts.append(context.project(*_BRIDGE).at_version(log4j).artifact())
        jars = [
            {
                "group": artifact.groupId,
                "artifact": artifact.artifactId,
                "version": artifact.version,
                "sha256": hashlib.sha256(Path(artifact.resolve()).read_bytes()).hexdigest(),
            }
            for artifact in artifacts
        ]
    jars.sort(key=lambda jar: (jar["group"], jar["artifact"]))
    LOCK_FILE.write_text(json.dumps({"kafka": KAFKA, "jars": jars}, indent=2) + "\n")
    return len(jars)
