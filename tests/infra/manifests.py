"""The Kubernetes manifests as an apply would send them, and their schemas: no cluster, no network."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from infra.crd_schemas import SCHEMAS
from infra.tools import ROOT, run_tool

OVERLAYS = ("local", "small", "staging", "production-eks", "production-eks-first-time")
KUBERNETES = ("1.34", "1.37")
"""The versions that manifests are held against: the oldest that EKS supports, and the newest there is."""

Manifest = dict[str, Any]


@cache
def render(overlay: str) -> tuple[Manifest, ...]:
    """Give an overlay's objects. Raises AssertionError with kustomize's own words."""
    done = run_tool("kubectl", "kustomize", str(ROOT / "deploy" / "k8s" / "overlays" / overlay))
    assert done.returncode == 0, f"{overlay} can't be rendered:\n{done.stderr}"
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(objects: Iterable[Manifest], *kinds: str) -> dict[str, Manifest]:
    """Give the objects of these kinds, by name."""
    return {o["metadata"]["name"]: o for o in objects if o["kind"] in kinds}


def faults(manifest: Manifest) -> Iterator[str]:
    """Say what a manifest's schema refuses, unknown fields included."""
    if manifest["apiVersion"].split("/")[0].endswith((".k8s.io", "apps", "batch", "policy", "autoscaling", "v1")):
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as fault:
                yield f"Kubernetes {version}: {'.'.join(map(str, fault.path))}: {fault.message}"
    else:
        group, _, version = manifest["apiVersion"].partition("/")
        schema = json.loads((SCHEMAS / f"{manifest['kind']}.{group}.{version}.json").read_text())
        for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest):
            yield f"{'.'.join(map(str, error.path))}: {error.message}"


def pod_specs(objects: Iterable[Manifest]) -> dict[str, Manifest]:
    """Give the pod templates of what runs, by name."""
    return {name: o["spec"]["template"] for name, o in of_kind(objects, "Deployment", "Job").items()}


def container(template: Manifest) -> Manifest:
    """Give a pod's one container."""
    (only,) = template["spec"]["containers"]
    return dict(only)
