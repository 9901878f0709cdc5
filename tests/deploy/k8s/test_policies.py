"""What every overlay has to keep, read from its rendered objects."""

import re
from typing import Any

import pytest

from infra.manifests import OVERLAYS, Manifest, container, of_kind, pod_specs, render

OURS = {"order-api", "query-api", "projector", "notifier"}
ALL = OURS | {"webhooks"}
"""With what has bounds of its own, and no autoscaler."""
MIB = 2**20


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> tuple[Manifest, ...]:
    return render(request.param)


def test_all_processes_and_the_migrations_are_there(objects: tuple[Manifest, ...]) -> None:
    assert of_kind(objects, "Deployment").keys() >= ALL
    assert "migrate" in of_kind(objects, "Job")
    assert of_kind(objects, "Service").keys() >= ALL
    assert of_kind(objects, "ServiceAccount").keys() >= ALL


def test_each_container_has_the_seeds_bounds(objects: tuple[Manifest, ...], request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["objects"] == "small":
        _fits_on_three_small_nodes(objects)
        return
    for name in OURS:
        resources = container(pod_specs(objects)[name])["resources"]
        assert resources["limits"] == {"cpu": "500m", "memory": "1Gi"}, name
        assert resources["requests"] == resources["limits"], name
    for name, template in pod_specs(objects).items():
        resources = container(template)["resources"]
        assert resources["limits"]["memory"] == resources["requests"]["memory"], name


def _fits_on_three_small_nodes(objects: tuple[Manifest, ...]) -> None:
    """Three nodes of 4 GiB, of which the system, k3s and the operators keep 1 GiB each."""
    asked = 0
    for name in ALL:
        resources = container(pod_specs(objects)[name])["resources"]
        assert name == "webhooks" or resources["limits"] == {"cpu": "500m", "memory": "1Gi"}, name
        mebibytes = int(resources["requests"]["memory"].removesuffix("Mi"))
        asked += of_kind(objects, "Deployment")[name]["spec"]["replicas"] * mebibytes
    pool = of_kind(objects, "KafkaNodePool")["brokers"]["spec"]
    assert pool["resources"]["limits"] == {"memory": "1Gi"}
    assert asked + pool["replicas"] * 1024 <= 3 * (4096 - 1024)


def test_nobody_is_root_writes_or_may_ask_for_more(objects: tuple[Manifest, ...]) -> None:
    namespace = of_kind(objects, "Namespace")["scanserve"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, template in pod_specs(objects).items():
        pod, inner = template["spec"]["securityContext"], container(template)["securityContext"]
        assert pod["runAsNonRoot"] is True, name
        assert pod["runAsUser"] > 0, name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert inner == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert template["spec"]["automountServiceAccountToken"] is False, name


def test_images_are_pinned(objects: tuple[Manifest, ...], request: pytest.FixtureRequest) -> None:
    local = request.node.callspec.params["objects"] == "local"
    for name, template in pod_specs(objects).items():
        image = container(template)["image"]
        if name in ("valkey", "cloudwatch-collector"):
            assert re.search(r":v?\d+\.\d+\.\d+", image), image
        else:
            assert image.endswith(":local") if local else re.search(r"@sha256:[0-9a-f]{64}$", image), image


def test_no_secret_is_written_down(objects: tuple[Manifest, ...]) -> None:
    assert of_kind(objects, "Secret") == {}
    for name, template in pod_specs(objects).items():
        for variable in container(template).get("env", []):
            if re.search("PASSWORD|SECRET|TOKEN|KEY(?!S_FILE$)", variable["name"]):  # a path is no secret
                assert "value" not in variable, f"{name}: {variable['name']}"
            assert not re.search(r"://[^:@/$]+:[^@$]+@", variable.get("value", "")), f"{name}: {variable['name']}"
    for name, config in of_kind(objects, "ConfigMap").items():
        for key, value in config["data"].items():
            assert not re.search(r"://[^:@/]+:[^@]+@", value), f"{name}: {key}"


def test_selectors_select_what_they_are_for(objects: tuple[Manifest, ...]) -> None:
    labels = {name: template["metadata"]["labels"] for name, template in pod_specs(objects).items()}
    for kind in ("Service", "PodDisruptionBudget"):
        for name, found in of_kind(objects, kind).items():
            selector = found["spec"]["selector"]
            wanted = selector.get("matchLabels", selector) if kind == "PodDisruptionBudget" else selector
            meant = name.removesuffix("-pods")  # headless, for the collector
            assert [n for n, has in labels.items() if wanted.items() <= has.items()] == [meant], f"{kind} {name}"
    for name, service in of_kind(objects, "Service").items():
        (port,) = service["spec"]["ports"]
        named = [p["name"] for p in container(pod_specs(objects)[name.removesuffix("-pods")])["ports"]]
        assert port["targetPort"] in named, name


def test_a_disruption_budget_lets_nodes_be_drained_at_the_smallest_size(objects: tuple[Manifest, ...]) -> None:
    budgets = of_kind(objects, "PodDisruptionBudget")
    assert budgets.keys() == ALL
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1, name
        assert "minAvailable" not in budget["spec"], name


def test_what_is_scaled_has_one_autoscaler_and_no_number_of_its_own(objects: tuple[Manifest, ...]) -> None:
    targets = [
        o["spec"]["scaleTargetRef"]["name"] for o in objects if o["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    ]
    assert len(targets) == len(set(targets))


def test_an_apply_leaves_the_number_to_the_autoscaler_but_the_first_starts_with_two() -> None:
    for overlay, replicas in (("production-eks", None), ("production-eks-first-time", 2)):
        deployments = of_kind(render(overlay), "Deployment")
        assert {name: deployments[name]["spec"].get("replicas") for name in OURS} == dict.fromkeys(OURS, replicas)


def test_replicas_are_spread_over_zones_and_nodes(objects: tuple[Manifest, ...]) -> None:
    for name in ALL:
        template = pod_specs(objects)[name]
        spread = template["spec"]["topologySpreadConstraints"]
        assert [c["topologyKey"] for c in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        for constraint in spread:
            assert constraint["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
            assert set(constraint["matchLabelKeys"]).isdisjoint(constraint["labelSelector"]["matchLabels"])


def test_all_is_denied_but_what_is_allowed(objects: tuple[Manifest, ...]) -> None:
    policies = of_kind(objects, "NetworkPolicy")
    deny = policies["default-deny"]["spec"]
    assert (deny["podSelector"], sorted(deny["policyTypes"])) == ({}, ["Egress", "Ingress"])
    assert "ingress" not in deny
    assert "egress" not in deny


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(
        labels.get(e["key"]) in e["values"] if e["operator"] == "In" else e["key"] in labels
        for e in selector.get("matchExpressions", [])
    )


@pytest.mark.parametrize(
    ("name", "overlay", "ports"),
    [
        ("order-api", "production-eks", {53, 443, 4318, 5432, 9096}),
        ("query-api", "production-eks", {53, 443, 5432, 6379}),
        ("projector", "production-eks", {53, 4318, 5432, 9096}),
        ("notifier", "production-eks", {53, 443, 4318, 6379, 9096}),
        ("webhooks", "production-eks", {53, 443, 5432}),
        ("migrate", "production-eks", {53, 5432}),
        ("order-api", "staging", {53, 443, 5432, 9093}),
        ("query-api", "staging", {53, 443, 5432, 6379}),
        ("projector", "staging", {53, 5432, 9093}),
        ("notifier", "staging", {53, 443, 6379, 9093}),
        ("webhooks", "staging", {53, 443, 5432}),
        ("migrate", "staging", {53, 5432}),
    ],
)
def test_each_reaches_what_it_uses_and_nothing_else(name: str, overlay: str, ports: set[int]) -> None:
    objects = render(overlay)
    labels = pod_specs(objects)[name]["metadata"]["labels"]
    reached = {
        port["port"]
        for policy in of_kind(objects, "NetworkPolicy").values()
        if _selects(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get("egress", [])
        for port in rule["ports"]
    }
    assert reached == ports
