"""What `deploy/k8s` promises, read from its overlays as kustomize builds them: whatever a service's own file says."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import kubernetes_validate
import msgspec
import pytest
import typer
import yaml
from prometheus_client import generate_latest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.cluster.kms import KmsSettings
from penstock.adapters.smtp_mailer import SmtpServer
from penstock.application.consuming.groups import EXPRESS_WORKERS, WORKERS
from penstock.config import PREFIX, load_section, load_settings
from penstock.domain.events import CHUNK_EXPRESS, CHUNK_READY
from penstock.runner.health_server import metrics_of
from penstock.runner.supervisor import Supervisor
from penstock.wiring.system import topics
from services.cli.main import application
from tests.support.documents import table, text_of
from tests.support.kustomize import K8S, OVERLAYS, Document, Rendered, container
from tests.support.variables import SERVERS, settings

SERVICES = ("uploader", "dispatcher", "worker", "tracker")
OPENING_FILES = ("uploader", "dispatcher", "worker")
SCALED = {"worker": {CHUNK_READY: WORKERS, CHUNK_EXPRESS: EXPRESS_WORKERS}}
KUBERNETES = ("1.30", "1.33", "1.35", "1.37")
KEDA = "keda.sh/v1alpha1"
NAME = "app.kubernetes.io/name"
KEY_FILE = f"{PREFIX}KEY_FILE"

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture
def built(overlay: str) -> Rendered:
    return Rendered(overlay)


def variables_of(built: Rendered, pod: Document) -> dict[str, str]:
    """What a pod is given; a secret is a word, as long as it is there."""
    given = container(pod)
    assert [source["configMapRef"]["name"] for source in given["envFrom"]] == list(built.kind("ConfigMap"))
    return {**built.config, **{each["name"]: "secret" for each in given["env"]}}


# -- the parts --


def test_there_is_one_deployment_per_service_and_a_job_that_migrates(built: Rendered) -> None:
    assert set(built.kind("Deployment")) == set(SERVICES)
    assert set(built.kind("Job")) == {"migrate"}
    assert [container(built.pods()[name])["args"][0] for name in built.pods()] == list(built.pods())


def test_penstock_accepts_every_command_line_of_a_pod(built: Rendered) -> None:
    for pod in built.pods().values():
        name, *arguments = container(pod)["args"]
        command: Any = typer.main.get_command(application(name))
        assert command.commands[name].make_context(name, arguments).params


def test_every_file_is_used(overlay: str) -> None:
    for folder in (K8S / "base", K8S / "overlays" / overlay):
        reported = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
        used = {*reported["resources"], *(patch["path"] for patch in reported["patches"]), "kustomization.yaml"}
        assert used - {"../../base"} == {path.name for path in folder.iterdir()}


# -- the schemas --


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_document_fits_the_schemas_of_kubernetes(built: Rendered, version: str) -> None:
    own = [document for document in built.documents if document["apiVersion"] != KEDA]
    for document in own:
        assert kubernetes_validate.validate(document, version, strict=True) == version


def test_a_field_that_kubernetes_does_not_have_is_noticed(built: Rendered) -> None:
    document = {**built.kind("Deployment")["worker"], "sepc": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="sepc"):
        kubernetes_validate.validate(document, KUBERNETES[0], strict=True)


# -- the settings --


def test_penstock_reads_every_variable_of_a_pod(built: Rendered) -> None:
    for pod in built.pods().values():
        assert set(variables_of(built, pod)) <= settings()


def test_the_settings_of_every_pod_can_be_read(built: Rendered) -> None:
    for pod in built.pods().values():
        variables = variables_of(built, pod)
        assert load_settings(variables).runtime == "cluster"
        for name, kind in {**SERVERS, "smtp": SmtpServer}.items():
            load_section(kind, name, variables)


def test_the_keys_are_mounted_or_in_kms(built: Rendered, overlay: str) -> None:
    key_file = load_settings(built.config).key_file
    if not key_file:
        load_section(KmsSettings, "kms", built.config)
        return
    for service in OPENING_FILES:
        mounts = {mount["name"]: mount for mount in container(built.pods()[service])["volumeMounts"]}
        (volume,) = [each for each in built.pods()[service]["spec"]["volumes"] if each["name"] == "keys"]
        assert key_file.startswith(mounts["keys"]["mountPath"] + "/")
        assert mounts["keys"]["readOnly"] is True
        assert volume["secret"]["defaultMode"] == 0o440, "the key file is refused when others can read it"


def test_only_parts_that_open_files_get_the_keys(built: Rendered) -> None:
    for name, pod in built.pods().items():
        given = {each["name"] for each in container(pod)["env"] if each["name"].startswith(f"{PREFIX}S3_")}
        secrets = {volume["secret"]["secretName"] for volume in pod["spec"]["volumes"] if "secret" in volume}
        opens = name in OPENING_FILES
        assert given == ({f"{PREFIX}S3_ACCESS_KEY", f"{PREFIX}S3_SECRET_KEY"} if opens else set()), name
        assert opens or "penstock-keys" not in secrets, name


def test_every_file_that_is_named_is_mounted(built: Rendered) -> None:
    named = {name: path for name, path in built.config.items() if name.endswith("_FILE")}
    for (name, path), service in product(named.items(), SERVICES):
        if name == KEY_FILE and service not in OPENING_FILES:
            continue
        mounts = [mount["mountPath"] for mount in container(built.pods()[service])["volumeMounts"]]
        assert path.rpartition("/")[0] in mounts, name


def test_every_secret_is_documented_with_its_keys(built: Rendered) -> None:
    used = {(each["name"], each["key"]) for each in secret_keys(built)}
    reported = {row[0]: re.findall(r"[\w.-]+", row[1]) for row in table("deploy/README.md", "Kubernetes", "Secret")}
    assert {(name, key) for name, key in used if key not in reported.get(name, [])} == set()
    mounted = [volume.get("secret") for pod in built.pods().values() for volume in pod["spec"]["volumes"]]
    assert {secret["secretName"] for secret in mounted if secret} <= set(reported)


def secret_keys(built: Rendered) -> list[Document]:
    """What is read of secrets, by pods as variables and by KEDA."""
    variables = [each["valueFrom"]["secretKeyRef"] for pod in built.pods().values() for each in container(pod)["env"]]
    signed_in = [each["spec"]["secretTargetRef"] for each in built.kind("TriggerAuthentication").values()]
    return [*variables, *(ref for refs in signed_in for ref in refs)]


# -- the pods --


def test_the_namespace_admits_restricted_pods_only(built: Rendered) -> None:
    (namespace,) = built.kind("Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {each["metadata"].get("namespace", namespace["metadata"]["name"]) for each in built.documents} == {
        namespace["metadata"]["name"]
    }


def restricted_faults(pod: Document) -> list[str]:
    """What of a pod offends the Pod Security Standards' profile `restricted`, as Kubernetes' page on them lists it.

    A field that these manifests have no use for is an offence whatever it says.
    """
    spec, whole, own = pod["spec"], pod["spec"]["securityContext"], container(pod)["securityContext"]
    volumes = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    offences = {
        "host namespaces": {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(spec),
        "other containers": {"initContainers", "ephemeralContainers"} & set(spec),
        "host ports": [port for port in container(pod).get("ports", []) if "hostPort" in port],
        "volumes": volumes - {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "projected", "secret"},
        "privileged": own.get("privileged", False),
        "escalation": own.get("allowPrivilegeEscalation", True),
        "capabilities": own.get("capabilities") != {"drop": ["ALL"]},
        "root": whole.get("runAsNonRoot") is not True or whole.get("runAsUser", 0) == 0,
        "seccomp": whole.get("seccompProfile") != {"type": "RuntimeDefault"},
        "overrides": {"runAsUser", "runAsNonRoot", "seccompProfile", "procMount"} & set(own),
        "sysctls": {"sysctls", "seLinuxOptions", "windowsOptions", "appArmorProfile"} & {*whole, *own},
    }
    return [name for name, offence in offences.items() if offence]


def test_every_pod_passes_the_restricted_standard(built: Rendered) -> None:
    assert {name: faults for name, pod in built.pods().items() if (faults := restricted_faults(pod))} == {}


def test_a_pod_that_does_not_pass_is_noticed(built: Rendered) -> None:
    pod = msgspec.json.decode(msgspec.json.encode(built.pods()["worker"]))
    pod["spec"]["hostNetwork"] = True
    pod["spec"]["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    container(pod)["securityContext"]["capabilities"]["add"] = ["SYS_ADMIN"]
    assert restricted_faults(pod) == ["host namespaces", "volumes", "capabilities"]


def test_a_pod_writes_only_to_bounded_volumes(built: Rendered) -> None:
    for pod in built.pods().values():
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        assert container(pod)["securityContext"]["readOnlyRootFilesystem"] is True
        writable = [mount for mount in container(pod)["volumeMounts"] if not mount.get("readOnly")]
        assert {mount["mountPath"] for mount in writable} == {"/tmp", "/data"}
        assert all("sizeLimit" in volumes[mount["name"]]["emptyDir"] for mount in writable)


def test_the_data_folder_is_where_the_image_has_it(built: Rendered) -> None:
    assert f"{PREFIX}DATA=/data" in text_of("deploy/Dockerfile").split()
    assert f"{PREFIX}DATA" not in built.config


def test_every_pod_has_an_account_without_a_token(built: Rendered) -> None:
    for name, pod in built.pods().items():
        assert pod["spec"]["serviceAccountName"] == name
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert built.kind("ServiceAccount")[name]["automountServiceAccountToken"] is False


def test_memory_is_requested_and_limited(built: Rendered) -> None:
    for pod in built.pods().values():
        resources = container(pod)["resources"]
        assert resources["limits"]["memory"] == resources["requests"]["memory"]
        assert "cpu" in resources["requests"]


def test_the_grace_period_covers_the_timeout_of_a_slow_server(built: Rendered) -> None:
    cassandra = load_section(CassandraSettings, "cassandra", built.config)
    kafka = load_section(KafkaSettings, "kafka", {**built.config, "PENSTOCK_KAFKA_USERNAME": "u"})
    longest = cassandra.timeout_seconds + kafka.delivery_timeout_seconds + kafka.request_timeout_seconds
    assert all(pod["spec"]["terminationGracePeriodSeconds"] > longest for pod in built.pods().values())


def test_every_probe_requests_a_path_that_the_service_serves(built: Rendered) -> None:
    for service in SERVICES:
        given = container(built.pods()[service])
        ports = {port["name"]: str(port["containerPort"]) for port in given["ports"]}
        options = {"http": "--port", "health": "--health-port"}
        assert ports == {name: given["args"][given["args"].index(options[name]) + 1] for name in ports}
        asked = {probe: given[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert {each["port"] for each in asked.values()} == {"health"}, "only there is an answer from the start"
        assert [each["path"] for each in asked.values()] == ["/healthz", "/healthz", "/readyz"]


def test_pods_of_a_service_are_spread_over_nodes_and_zones(built: Rendered) -> None:
    for service in SERVICES:
        pod = built.pods()[service]
        spread = {each["topologyKey"]: each for each in pod["spec"]["topologySpreadConstraints"]}
        assert set(spread) == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        for each in spread.values():
            assert each["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
            assert NAME in each["matchLabelKeys"]


def test_a_disruption_takes_one_pod_of_a_service_at_a_time(built: Rendered) -> None:
    for service in SERVICES:
        deployment, budget = (
            built.kind("Deployment")[service]["spec"],
            built.kind("PodDisruptionBudget")[service]["spec"],
        )
        assert budget["maxUnavailable"] == 1
        assert budget["selector"]["matchLabels"].items() <= deployment["template"]["metadata"]["labels"].items()
        assert deployment["selector"]["matchLabels"] == budget["selector"]["matchLabels"] == {NAME: service}


# -- the fleet --


def test_the_fleet_grows_to_one_pod_a_partition(built: Rendered) -> None:
    counts = topics(load_settings(built.config))
    assert set(built.kind("ScaledObject")) == set(SCALED)
    for service, groups in SCALED.items():
        scaled = built.kind("ScaledObject")[service]["spec"]
        assert scaled["scaleTargetRef"] == {"name": service}
        assert 1 <= scaled["minReplicaCount"] <= scaled["maxReplicaCount"] <= min(counts[topic] for topic in groups)
        assert "replicas" not in built.kind("Deployment")[service]["spec"], "KEDA and kubectl would undo each other"


def test_the_fleet_grows_with_the_lag_or_with_what_the_dispatchers_ask_for(built: Rendered, overlay: str) -> None:
    triggers = built.kind("ScaledObject")["worker"]["spec"]["triggers"]
    if overlay == "small":
        by_topic = {trigger["metadata"]["topic"]: trigger["metadata"]["consumerGroup"] for trigger in triggers}
        assert by_topic == SCALED["worker"]
        assert all(trigger["metadata"]["bootstrapServersFromEnv"] in built.config for trigger in triggers)
        return
    (trigger,) = triggers
    metrics = generate_latest(metrics_of(Supervisor())).decode()
    (metric,) = re.findall(r"penstock_\w+", trigger["metadata"]["query"].split("{")[0])
    assert f"# TYPE {metric} gauge" in metrics
    assert trigger["metadata"]["threshold"] == "1", "the metric is the number of workers"
    assert built.kind("ScaledObject")["worker"]["metadata"]["namespace"] in trigger["metadata"]["query"]


def test_the_fleet_is_slow_to_shrink(built: Rendered) -> None:
    for scaled in built.kind("ScaledObject").values():
        down = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
        assert scaled["spec"]["cooldownPeriod"] >= 300
        assert down["stabilizationWindowSeconds"] >= 300
        assert [(policy["type"], policy["value"]) for policy in down["policies"]] == [("Pods", 1)]


def _triggers(built: Rendered) -> list[tuple[Document, Document]]:
    """Each trigger, with its ScaledObject."""
    return [
        (scaled, trigger) for scaled in built.kind("ScaledObject").values() for trigger in scaled["spec"]["triggers"]
    ]


def test_a_scaled_object_has_only_fields_that_keda_reads(built: Rendered) -> None:
    """As keda.sh's pages on ScaledObject and on the two scalers list it; KEDA passes over what it does not know."""
    spec = {"scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod", "advanced"}
    read = {
        "kafka": {"bootstrapServersFromEnv", "consumerGroup", "topic", "lagThreshold", "offsetResetPolicy", "version"},
        "prometheus": {"serverAddress", "query", "threshold", "ignoreNullValues"},
    }
    for scaled, trigger in _triggers(built):
        assert spec | {"triggers"} <= set(scaled["spec"]) <= spec | {"triggers", "fallback"}
        assert set(trigger) == {"type", "metadata"}
        assert set(trigger["metadata"]) == read[trigger["type"]]
        assert all(isinstance(value, str) for value in trigger["metadata"].values())


def test_keda_asks_kafka_only_where_nobody_has_to_sign_in(built: Rendered) -> None:
    kafka = load_section(KafkaSettings, "kafka", built.config)
    asks = {trigger["type"] for _, trigger in _triggers(built)}
    assert ("kafka" in asks) == (kafka.security_protocol == "PLAINTEXT")


# -- the network --


def selects(selector: Document, labels: dict[str, str]) -> bool:
    chosen = [labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])]
    return selector.get("matchLabels", {}).items() <= labels.items() and all(chosen)


def rules(built: Rendered, name: str, way: str) -> list[Document]:
    """The rules of one way (`egress` or `ingress`) that hold for a pod."""
    labels = built.pods()[name]["metadata"]["labels"]
    held = [
        each["spec"] for each in built.kind("NetworkPolicy").values() if selects(each["spec"]["podSelector"], labels)
    ]
    return [rule for spec in held for rule in spec.get(way, [])]


def ports(found: list[Document]) -> set[Any]:
    return {port["port"] for rule in found for port in rule["ports"]}


def test_traffic_without_a_policy_is_denied(built: Rendered) -> None:
    policies = built.kind("NetworkPolicy")
    assert policies["deny-all"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in policies.values():
        ways = {way.capitalize() for way in ("ingress", "egress") if policy["spec"].get(way)}
        assert ways <= set(policy["spec"]["policyTypes"])


def test_no_rule_lets_anybody_in_or_out(built: Rendered) -> None:
    """A rule without peers, a peer without labels and a network of all addresses allow everything."""
    for policy in built.kind("NetworkPolicy").values():
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(way, []):
                assert rule["ports"]
                assert rule[peers]
                for peer in rule[peers]:
                    wide = not peer.get("namespaceSelector", {}).get("matchLabels")
                    assert not wide or int(peer["ipBlock"]["cidr"].rpartition("/")[2]) >= 8


def test_each_pod_reaches_its_servers_and_no_others(built: Rendered) -> None:
    variables = {**built.config, "PENSTOCK_KAFKA_USERNAME": "u"}
    brokers = load_section(KafkaSettings, "kafka", variables).bootstrap_servers.split(",")
    (kafka,) = {int(address.rpartition(":")[2]) for address in brokers}
    database = load_section(CassandraSettings, "cassandra", variables).port
    mail = load_section(SmtpServer, "smtp", variables).port
    common = {53, kafka, database}
    reached = {name: ports(rules(built, name, "egress")) for name in built.pods()}
    assert reached == {
        "migrate": common,
        "uploader": common | {443},
        "dispatcher": common | {443},
        "worker": common | {443},
        "tracker": common | {mail},
    }


def test_only_the_uploader_takes_calls_of_clients(built: Rendered) -> None:
    clients = {"namespaceSelector": {"matchLabels": {"penstock/ingress": "allowed"}}}
    prometheus = {"namespaceSelector": {"matchLabels": {"penstock/metrics": "allowed"}}}
    for name in built.pods():
        taken = rules(built, name, "ingress")
        assert all(peer in (clients, prometheus) for rule in taken for peer in rule["from"])
        assert (clients in [peer for rule in taken for peer in rule["from"]]) == (name == "uploader")
        opened = {port["port"] for rule in taken if prometheus in rule["from"] for port in rule["ports"]}
        assert opened <= {"health"}, "metrics are served only there"
    (service,) = built.kind("Service").values()
    (port,) = service["spec"]["ports"]
    assert selects({"matchLabels": service["spec"]["selector"]}, built.pods()["uploader"]["metadata"]["labels"])
    assert port["targetPort"] == "http"
    assert "http" in [each["name"] for each in container(built.pods()["uploader"])["ports"]]
