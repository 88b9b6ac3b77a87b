"""The kustomize base: whatever a service's own file says, its pod is locked down and named by a policy."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

BASE = Path(__file__).parents[2] / "deploy" / "k8s" / "base"
SERVICES = ("uploader", "splitter", "worker", "tracker")
SHARED = "restricted-pod.yaml"
Document = Any  # what YAML holds is checked by reading it


def documents(*names: str) -> Iterator[Document]:
    for name in names:
        yield from yaml.safe_load_all((BASE / name).read_text("utf-8"))


def kustomization() -> Document:
    (document,) = documents("kustomization.yaml")
    return document


def resources(kind: str) -> dict[str, Document]:
    found = documents(*kustomization()["resources"])
    return {document["metadata"]["name"]: document for document in found if document["kind"] == kind}


def container(deployment: Document) -> Document:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return only


def shared_pod() -> Document:
    (patch,) = documents(SHARED)
    return patch["spec"]["template"]["spec"]


def test_every_file_is_used() -> None:
    used = {
        *kustomization()["resources"],
        *(patch["path"] for patch in kustomization()["patches"]),
        "kustomization.yaml",
    }
    assert used == {path.name for path in BASE.iterdir()}


def test_the_namespace_admits_restricted_pods_only() -> None:
    namespace = resources("Namespace")[kustomization()["namespace"]]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_there_is_one_deployment_per_service() -> None:
    assert set(resources("Deployment")) == set(SERVICES)


def test_every_pod_is_locked_down() -> None:
    assert kustomization()["patches"] == [{"path": SHARED, "target": {"kind": "Deployment"}}]
    pod = shared_pod()
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("service", SERVICES)
def test_what_all_pods_share_reaches_this_one(service: str) -> None:
    """Kustomize joins containers by name; a list that is named in both files would hide the shared one."""
    own, shared = container(resources("Deployment")[service]), shared_pod()["containers"][0]
    assert own["name"] == shared["name"]
    assert set(own) & set(shared) == {"name"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_an_account_without_token_and_a_disruption_budget(service: str) -> None:
    deployment = resources("Deployment")[service]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert resources("PodDisruptionBudget")[service]["spec"]["selector"]["matchLabels"] == labels
    account = resources("ServiceAccount")[deployment["spec"]["template"]["spec"]["serviceAccountName"]]
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("service", SERVICES)
def test_memory_is_bounded(service: str) -> None:
    assert "memory" in container(resources("Deployment")[service])["resources"]["limits"]


@pytest.mark.parametrize("service", SERVICES)
def test_its_command_line_is_one_that_penstock_takes(service: str, penstock_command: list[str]) -> None:
    command, *arguments = container(resources("Deployment")[service])["args"]
    told = subprocess.run([*penstock_command, command, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(argument in told for argument in arguments if argument.startswith("-"))


def test_what_no_policy_names_is_denied() -> None:
    policies = resources("NetworkPolicy")
    assert policies["deny-all"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    named = [policy["spec"]["podSelector"].get("matchLabels", {}) for policy in policies.values()]
    assert {labels.get("app.kubernetes.io/name") for labels in named} <= {None, *SERVICES}
