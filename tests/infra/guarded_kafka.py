"""A broker that asks who is there, as in production: SCRAM over TLS, ACLs, nothing allowed that was not said.

Beside the guarded listener it has a plain one for whoever runs it, who may do anything.
"""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_stack import kafka_server
from local_stack.ports import HOST, free_ports
from local_stack.program import Program, inherited
from local_stack.readiness import accepts_connections
from local_stack.run import Run

_PROPERTIES = """
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port},SASL_SSL://{host}:{guarded}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
_RESOURCES = {"topic": 2, "group": 3}
_PATTERNS = {"literal": 3, "prefix": 4}
_OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}
_ALLOW = 3


@dataclass(frozen=True)
class GuardedKafka:
    """Where it is; `plain` is for whoever runs it."""

    guarded: str
    plain: str
    authority: Path
    passwords: Mapping[str, str]

    def environment(self, user: str) -> dict[str, str]:
        """Say what a service of this user is told."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.guarded,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_CA_FILE": str(self.authority),
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": self.passwords[user],
        }

    async def allow(self, users: Mapping[str, dict[str, Any]]) -> None:
        """Let Strimzi's KafkaUsers do what their manifests say. Raises AssertionError where the broker refuses one."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.plain)
        await admin.start()
        try:
            for name, user in users.items():
                for rule in user["spec"]["authorization"]["acls"]:
                    for operation in rule["operations"]:
                        answer = await admin._send_to_controller(_request(name, rule["resource"], operation))
                        assert [code for code, *_ in answer.creation_responses] == [0], answer
        finally:
            await admin.close()


def start_guarded_kafka(run: Run, folder: Path, users: Iterable[str]) -> GuardedKafka:
    """Start it among a run's programs, with a password a user."""
    passwords = {user: f"password-of-{user}" for user in users}
    ports = free_ports(("plain", "controller", "guarded"), {}, {})
    keystore, authority, properties = folder / "keystore.pem", folder / "ca.crt", folder / "server.properties"
    _write_certificate(keystore, authority)
    jars = kafka_server.fetched(lambda _done, _all: None)
    (folder / "log4j2.yaml").write_text(kafka_server._LOG4J)
    known = {"host": HOST, "port": ports["plain"], "controller_port": ports["controller"], "data": folder / "data"}
    lines = (kafka_server._SERVER_PROPERTIES + _PROPERTIES).format(**known, guarded=ports["guarded"], keystore=keystore)
    properties.write_text(lines)
    java = kafka_server._java(folder, jars)
    scram = [word for name, password in passwords.items() for word in _scram(name, password)]
    tool = (*java, "kafka.tools.StorageTool", "format", "-t", kafka_server._CLUSTER_ID, "-c", str(properties), *scram)
    done = subprocess.run(tool, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    run.start(
        Program(
            name="guarded-kafka",
            command=(*java, "kafka.Kafka", str(properties)),
            log=folder / "kafka.log",
            environment=inherited(),
            is_ready=lambda: accepts_connections(ports["guarded"]) and accepts_connections(ports["plain"]),
            stops_within=20.0,
        )
    )
    return GuardedKafka(f"{HOST}:{ports['guarded']}", f"{HOST}:{ports['plain']}", authority, passwords)


def _scram(name: str, password: str) -> tuple[str, str]:
    return "--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"


def _request(user: str, resource: Mapping[str, str], operation: str) -> CreateAclsRequest:
    kind, pattern = _RESOURCES[resource["type"]], _PATTERNS[resource["patternType"]]
    return CreateAclsRequest(kind, resource["name"], pattern, f"User:{user}", "*", _OPERATIONS[operation], _ALLOW)


def _write_certificate(keystore: Path, authority: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "guarded kafka")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    authority.write_bytes(public)
    keystore.write_bytes(private + public)
