"""Every overlay renders, and nothing in it is unknown to Kubernetes or to the operators' own schemas."""

import copy
from typing import Any

import pytest

from infra.manifests import OVERLAYS, faults, of_kind, render


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_as_its_schema_wants_it(overlay: str) -> None:
    wrong = [f"{o['kind']} {o['metadata']['name']}: {fault}" for o in render(overlay) for fault in faults(o)]
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("HorizontalPodAutoscaler", ("spec", "behavior", "scaleUp", "stabilizationWindowSecond"), 0),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "readinesProbe"), {}),
        ("KafkaTopic", ("spec", "partition"), 24),
        ("Kafka", ("spec", "kafka", "listener"), []),
        ("ScaledObject", ("spec", "maxReplicas"), 5),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "expression"), "up"),
        ("ExternalSecret", ("spec", "data", 0, "remoteRef", "name"), "x"),
        ("Cluster", ("spec", "replicas"), 3),
    ],
)
def test_a_misspelt_field_is_noticed(kind: str, path: tuple[Any, ...], value: Any) -> None:
    everything = (*render("staging"), *render("production-eks"))
    manifest = copy.deepcopy(next(iter(of_kind(everything, kind).values())))
    assert list(faults(manifest)) == []
    place: Any = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(faults(manifest)) != []
