"""TLS and credentials against a real broker: the right ones are let in, the errors of wrong ones say what to check."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from event_log_contract import SINGLE, publish, take, values

from deploy.stack.addresses import HOST, Ports
from deploy.stack.kafka import Kafka
from deploy.stack.lease import Lease
from deploy.stack.server import Launch
from deploy.stack.stack import Stack
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_settings import KafkaSettings, SaslMechanism, SecurityProtocol
from penstock.domain.errors import Unavailable
from tests.support.servers import Servers

USER, PASSWORD = "penstock", "open-sesame"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@dataclass(frozen=True)
class SecuredKafka(Kafka):
    """The listener that is toxiproxy's elsewhere wants TLS and a password; what comes last in the file counts."""

    certificate: Path = Path()

    def launch(self, folder: Path, ports: Ports) -> Launch:
        launch = super().launch(folder, ports)
        secured = {
            "listener.security.protocol.map": "CLIENTS:PLAINTEXT,PROXIED:SASL_SSL,CONTROLLER:PLAINTEXT",
            "advertised.listeners": f"CLIENTS://{HOST}:{ports.kafka},PROXIED://{HOST}:{ports.kafka_proxied}",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate),
            "listener.name.proxied.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.proxied.plain.sasl.jaas.config": f'{PLAIN} required user_{USER}="{PASSWORD}";',
        }
        with (folder / "server.properties").open("a", encoding="utf-8") as properties:
            properties.writelines(f"{key}={value}\n" for key, value in secured.items())
        return launch


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    folder = tmp_path_factory.mktemp("secured")
    certificate = write_certificate(folder)
    with Lease(Stack(folder, [SecuredKafka(certificate=folder / "broker.pem")], Ports.free())) as lease:
        stack = Servers(lease).use("kafka")
        yield KafkaSettings(
            bootstrap_servers=f"{HOST}:{stack.ports.kafka_proxied}",
            replication_factor=1,
            security_protocol=SecurityProtocol.SASL_SSL,
            sasl_mechanism=SaslMechanism.PLAIN,
            username=USER,
            password=PASSWORD,
            ca_file=str(certificate),
            request_timeout_seconds=5,
            delivery_timeout_seconds=5,
        )


def write_certificate(folder: Path) -> Path:
    """One that vouches for itself; `broker.pem` has its key, too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "broker.pem").write_bytes(secret + pem)
    return folder / "ca.pem"


def test_events_pass_with_tls_and_a_password(settings: KafkaSettings) -> None:
    log = KafkaEventLog(settings)
    log.create_topics({SINGLE: 1})
    publish(log, SINGLE, [7])
    consumer = log.consumer("g", [SINGLE])
    (message,) = take(consumer, 1)
    consumer.commit(message)
    assert (values([message]), log.lag("g", SINGLE)) == ([7], 0)
    assert values(log.read(SINGLE, 0, 0, 1)) == [7]
    log.close()


def test_a_wrong_password_is_named_and_never_shown(settings: KafkaSettings) -> None:
    log = KafkaEventLog(msgspec.structs.replace(settings, password="open-barley"))
    with pytest.raises(Unavailable, match="user name and password") as refusal:
        log.partitions(SINGLE)
    assert "barley" not in str(refusal.value)
    log.close()


def test_a_broker_with_an_untrusted_certificate_is_rejected(settings: KafkaSettings) -> None:
    log = KafkaEventLog(msgspec.structs.replace(settings, ca_file=""))
    with pytest.raises(Unavailable, match="check the CA file"):
        log.partitions(SINGLE)
    log.close()
