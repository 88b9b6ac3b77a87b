"""What `deploy/k8s` comes to: its overlays, built by kustomize, as documents to be looked at."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.stack.errors import NotAvailable
from deploy.stack.packages import go_program

K8S = Path(__file__).parents[2] / "deploy" / "k8s"
OVERLAYS = ("small", "production")
MODULE, VERSION = "sigs.k8s.io/kustomize/kustomize/v5", "v5.7.1"
POD_KINDS = ("Deployment", "Job")

Document = Any  # the content of YAML is checked by reading it


class Rendered:
    """One overlay as it would be applied; built when a test first looks at it, so that all skip at one place."""

    def __init__(self, overlay: str) -> None:
        self._overlay = overlay

    @property
    def documents(self) -> list[Document]:
        """Skips the test where kustomize cannot be had; under CI=true that fails it."""
        return _build(self._overlay)

    def kind(self, kind: str) -> dict[str, Document]:
        """All of one kind, by name."""
        found = [document for document in self.documents if document["kind"] == kind]
        return {document["metadata"]["name"]: document for document in found}

    def pods(self) -> dict[str, Document]:
        """The template of every pod, by the name of what makes it."""
        return {name: each["spec"]["template"] for kind in POD_KINDS for name, each in self.kind(kind).items()}

    @property
    def config(self) -> dict[str, str]:
        (config,) = self.kind("ConfigMap").values()
        return dict(config["data"])


@cache
def _build(overlay: str) -> list[Document]:
    try:
        program = go_program(MODULE, VERSION, "kustomize")
    except NotAvailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    built = subprocess.run([program, "build", K8S / "overlays" / overlay], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(built.stdout))


def container(pod: Document) -> Document:
    (only,) = pod["spec"]["containers"]
    return only
