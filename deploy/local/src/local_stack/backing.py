"""Kafka, Postgres and, where asked for, Redis: each started from the first source that is there, side by side."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from local_stack import containers
from local_stack.databases import create_database
from local_stack.fetching import in_quarters
from local_stack.kafka_server import fetched, kafka_program
from local_stack.ports import free_ports
from local_stack.postgres_server import postgres_program, postgres_url
from local_stack.program import DidNotStart, inherited
from local_stack.readiness import accepts_queries
from local_stack.redis_server import redis_program, redis_url
from local_stack.run import Run
from local_stack.sources import ADDRESS_VARIABLE, Source, choose, docker_engine_answers

DATABASE = "scanserve"
PORT_NAMES = ("kafka", "kafka-controller", "postgres", "redis")


@dataclass(frozen=True, slots=True)
class BackingOptions:
    """What to start. `ports` names fixed ones; others are chosen free and kept with the state."""

    redis: bool = False
    ports: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


class BackingServers:
    """The servers that the services lean on. Their addresses are known once start() has returned."""

    def __init__(self, run: Run, options: BackingOptions) -> None:
        self.kafka = ""
        self.postgres = ""  # the server: any of its databases, with the right to make more
        self.database_url = ""  # the system's own database
        self.redis_url: str | None = None
        self.sources: dict[str, Source] = {}
        self._run = run
        self._options = options
        self._containers: list[containers.Container] = []
        self._ports: dict[str, int] = {}
        self._engine_answers = lru_cache(docker_engine_answers)

    def start(self) -> None:
        """Start all, at the same time. Raises DidNotStart, JarRefused or PortTaken, each with words for the user."""
        self._ports = kept_ports(self._run, PORT_NAMES, self._options.ports)
        starts: dict[str, Callable[[Source], None]] = {"kafka": self._start_kafka, "postgres": self._start_postgres}
        if self._options.redis or self._options.environment.get(ADDRESS_VARIABLE["redis"]):
            starts["redis"] = self._start_redis
        for server in starts:
            self.sources[server] = choose(server, self._options.environment, self._engine_answers)
            self._run.say(f"{server}: {self.sources[server].value}")
        with ThreadPoolExecutor(len(starts)) as threads:
            started = [threads.submit(start, self.sources[server]) for server, start in starts.items()]
        for future in started:
            future.result()

    def stop_containers(self) -> None:
        """End those that came from Docker; the others end with their run."""
        while self._containers:
            self._containers.pop().stop()

    def _start_kafka(self, source: Source) -> None:
        port = self._ports["kafka"]
        match source:
            case Source.GIVEN:
                self.kafka = self._given("kafka")
            case Source.DOCKER:
                self.kafka = self._contained(containers.start_kafka(port))
            case Source.EMBEDDED:
                jars = fetched(in_quarters(self._run.say))
                self._run.start(
                    kafka_program(
                        folder=self._folder("kafka"),
                        log=self._log("kafka"),
                        jars=jars,
                        port=port,
                        controller_port=self._ports["kafka-controller"],
                        environment=inherited(),
                    )
                )
                self.kafka = f"127.0.0.1:{port}"

    def _start_postgres(self, source: Source) -> None:
        port, password = self._ports["postgres"], self._run.state.secret("postgres")
        match source:
            case Source.GIVEN:
                self.postgres = self.database_url = self._given("postgres")
                if not accepts_queries(self.postgres):
                    raise DidNotStart("Postgres does not answer at DATABASE_URL: correct the address, or unset it")
                return
            case Source.DOCKER:
                self.postgres = self._contained(containers.start_postgres(password))
            case Source.EMBEDDED:
                folder, log = self._folder("postgres"), self._log("postgres")
                self._run.start(
                    postgres_program(folder=folder, log=log, port=port, password=password, environment=inherited())
                )
                self.postgres = postgres_url(port, password)
        self.database_url = create_database(self.postgres, DATABASE)

    def _start_redis(self, source: Source) -> None:
        port, password = self._ports["redis"], self._run.state.secret("redis")
        match source:
            case Source.GIVEN:
                self.redis_url = self._given("redis")
            case Source.DOCKER:
                self.redis_url = self._contained(containers.start_redis(password))
            case Source.EMBEDDED:
                folder, log = self._folder("redis"), self._log("redis")
                self._run.start(
                    redis_program(folder=folder, log=log, port=port, password=password, environment=inherited())
                )
                self.redis_url = redis_url(port, password)

    def _given(self, server: str) -> str:
        return self._options.environment[ADDRESS_VARIABLE[server]]

    def _contained(self, started: tuple[containers.Container, str]) -> str:
        container, address = started
        self._containers.append(container)
        return address

    def _folder(self, server: str) -> Path:
        return self._run.state.folder / server

    def _log(self, server: str) -> Path:
        return self._run.state.logs / f"{server}.log"


def kept_ports(run: Run, names: tuple[str, ...], given: Mapping[str, int]) -> dict[str, int]:
    """Choose ports, and keep them with the state, so that links stay valid from one start to the next."""
    kept = run.state.read("ports.json")
    ports = free_ports(names, given, kept)
    run.state.write("ports.json", {**kept, **ports})
    return ports
