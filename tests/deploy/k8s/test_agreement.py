"""Manifests and code say the same: what a service serves, reads and counts, and what the seed and the contract ask."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import opentelemetry.sdk.environment_variables
import pytest
from dockerfile_parse import DockerfileParser
from prometheus_client import CollectorRegistry
from starlette.routing import Route

import notifier.metrics
import notifier.probes
import notifier.settings
import order_api.metrics
import order_api.probes
import order_api.settings
import projector.metrics
import projector.probes
import projector.queries.timing
import projector.settings
from infra import node
from infra.manifests import OVERLAYS, container, of_kind, pod_specs, render
from infra.tools import ROOT
from order_api.image_settings import ImageSettings
from order_api.images.routes import gallery_of
from order_contracts.channels import PARTITIONS, TOPIC, TOPIC_CONFIG, topic_faults
from projector.queries.charts import chart_routes
from projector.webhooks.metrics import WebhookMetrics
from projector.webhooks.poster import ATTEMPT_SECONDS

OURS = ("order-api", "query-api", "projector", "notifier", "webhooks")
SCALED = tuple(overlay for overlay in OVERLAYS if overlay not in ("local", "small"))


def _served(name: str) -> set[str]:
    if name == "order-api":
        routes: Any = order_api.probes.router(
            metrics=order_api.metrics.Metrics(), stuck=lambda: 0.0, started=lambda: None, ready=lambda: None
        ).routes
    elif name == "notifier":
        routes = notifier.probes.routes(
            metrics=notifier.metrics.Metrics(), dead=lambda: None, starting=lambda: None, unready=lambda: None
        )
    else:

        async def ready() -> None:
            return None

        routes = projector.probes.probe_routes(
            live=lambda: None, started=lambda: None, ready=ready, registry=CollectorRegistry()
        )
    return {route.path for route in routes if isinstance(route, Route)}


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_probe_asks_a_path_and_port_that_the_service_has(overlay: str, name: str) -> None:
    service = container(pod_specs(render(overlay))[name])
    for kind, path in (("startupProbe", "/startupz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        asked = service[kind]["httpGet"]
        assert asked["path"] == path
        assert asked["path"] in _served(name)
        assert asked["port"] in {port["name"] for port in service["ports"]}
    image = DockerfileParser(path=str(ROOT / "deploy" / "Dockerfile"))
    assert [port["containerPort"] for port in service["ports"]] == [int(image.envs["HTTP_PORT"])]


@pytest.mark.parametrize("name", OURS)
def test_a_pod_has_the_time_that_its_going_takes(name: str) -> None:
    template = pod_specs(render("production-eks"))[name]
    service = container(template)
    sleeps = service.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    environment = {variable["name"]: variable.get("value") for variable in service.get("env", [])}
    draining = 5 + ATTEMPT_SECONDS + 5  # what dispatcher.drain waits
    answering = {"order-api": 10, "query-api": 5, "projector": 5, "notifier": 5, "webhooks": draining}[name]
    goes = sleeps + float(environment.get("DRAIN_SECONDS") or 0) + answering
    assert template["spec"]["terminationGracePeriodSeconds"] >= goes + 10
    if name not in ("projector", "webhooks"):  # what the load balancer sends may come until it has heard of it
        assert sleeps >= service["readinessProbe"]["periodSeconds"]


def test_the_load_balancer_lets_screens_go_before_it_cuts_them_off() -> None:
    objects = render("production-eks")
    annotations = of_kind(objects, "Ingress")["notifier"]["metadata"]["annotations"]
    at = "alb.ingress.kubernetes.io/"
    delay = int(re.search(r"timeout_seconds=(\d+)", annotations[f"{at}target-group-attributes"])[1])  # type: ignore[index]
    template = pod_specs(objects)["notifier"]
    drain = next(float(v["value"]) for v in container(template)["env"] if v["name"] == "DRAIN_SECONDS")
    sleeps = container(template)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain + sleeps < delay < template["spec"]["terminationGracePeriodSeconds"]
    idle = int(re.search(r"idle_timeout.timeout_seconds=(\d+)", annotations[f"{at}load-balancer-attributes"])[1])  # type: ignore[index]
    assert idle > 3 * (10 + 8), "far above the ping interval and timeout of notifier/doors.py"
    for name, ingress in of_kind(objects, "Ingress").items():
        said = ingress["metadata"]["annotations"]
        assert said[f"{at}healthcheck-path"] in _served(name)
        assert said[f"{at}load-balancer-attributes"] == annotations[f"{at}load-balancer-attributes"]
        assert said[f"{at}wafv2-acl-arn"], name


def test_the_page_of_charts_is_reached_with_all_its_parts() -> None:
    (rule,) = of_kind(render("production-eks"), "Ingress")["query-api"]["spec"]["rules"]
    assert {route.path for route in chart_routes()} <= {path["path"] for path in rule["http"]["paths"]}


@pytest.mark.parametrize("overlay", SCALED)
def test_the_autoscalers_have_the_seeds_figures(overlay: str) -> None:
    objects = render(overlay)
    hpas = of_kind(objects, "HorizontalPodAutoscaler")
    assert {"order-api", "query-api"} <= hpas.keys()
    for name, hpa in hpas.items():
        spec = hpa["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 5), name
        (metric,) = spec["metrics"]
        assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    scaled = of_kind(objects, "ScaledObject")
    behaviours = [hpa["spec"]["behavior"] for hpa in hpas.values()]
    behaviours += [o["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] for o in scaled.values()]
    for behaviour in behaviours:
        for direction in ("scaleUp", "scaleDown"):
            assert behaviour[direction] == {
                "stabilizationWindowSeconds": 0,
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}],
            }


def test_kedas_triggers_ask_for_metrics_that_are_there() -> None:
    scaled = of_kind(render("production-eks"), "ScaledObject")
    assert scaled.keys() == {"notifier", "projector"}
    assert scaled["projector"]["spec"]["maxReplicaCount"] <= PARTITIONS
    assert (scaled["notifier"]["spec"]["minReplicaCount"], scaled["notifier"]["spec"]["maxReplicaCount"]) == (1, 5)
    cpu = next(t for t in scaled["notifier"]["spec"]["triggers"] if t["type"] == "cpu")
    assert (cpu["metricType"], cpu["metadata"]) == ("Utilization", {"value": "70"})
    queries = [
        t["metadata"]["query"] for o in scaled.values() for t in o["spec"]["triggers"] if "query" in t["metadata"]
    ]
    assert {name for query in queries for name in _ours_in(query)} <= set(_counted())


@pytest.mark.parametrize("overlay", ["local", "small", "staging"])
def test_the_topic_is_the_contracts(overlay: str) -> None:
    objects = render(overlay)
    spec = of_kind(objects, "KafkaTopic")[TOPIC]["spec"]
    as_text = {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in spec["config"].items()
    }
    assert topic_faults(spec["partitions"], as_text, expected_partitions=PARTITIONS) == []
    assert TOPIC_CONFIG.items() <= as_text.items()
    assert spec["topicName"] == TOPIC
    config = next(c["data"] for n, c in of_kind(objects, "ConfigMap").items() if n.startswith("scanserve-"))
    assert (config["ORDERS_TOPIC"], int(config["ORDERS_PARTITIONS"])) == (TOPIC, PARTITIONS)


def test_only_order_api_may_write_the_log() -> None:
    users = of_kind(render("staging"), "KafkaUser")
    writers = [
        name
        for name, user in users.items()
        for acl in user["spec"]["authorization"]["acls"]
        if acl["resource"]["type"] == "topic" and "Write" in acl["operations"]
    ]
    assert (sorted(users), writers) == (["notifier", "order-api", "projector"], ["order-api"])


SETTINGS: dict[str, type[Any]] = {
    "order-api": order_api.settings.Settings,
    "query-api": projector.settings.ServeSettings,
    "projector": projector.settings.RunSettings,
    "notifier": notifier.settings.Settings,
    "webhooks": projector.settings.WebhookRunSettings,
    "migrate": projector.settings.DatabaseSettings,
}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_one_that_somebody_reads(overlay: str) -> None:
    objects = render(overlay)
    read = {name: {field.upper() for field in kind.model_fields} for name, kind in SETTINGS.items()}
    read["traces"] = {name for name in vars(opentelemetry.sdk.environment_variables) if name.startswith("OTEL_")}
    shared = next(c["data"] for n, c in of_kind(objects, "ConfigMap").items() if re.fullmatch(r"scanserve-\w+", n))
    assert shared.keys() - set().union(*read.values()) == set()
    for name in SETTINGS:
        service = container(pod_specs(objects)[name])
        own = {variable["name"] for variable in service.get("env", [])}
        used_in_another = {v for v in own if any(f"$({v})" in str(e.get("value")) for e in service["env"])}
        assert own - used_in_another <= read[name], name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_a_service_must_be_told_it_is_told(overlay: str) -> None:
    objects = render(overlay)
    shared = next(c["data"] for n, c in of_kind(objects, "ConfigMap").items() if re.fullmatch(r"scanserve-\w+", n))
    for name, kind in SETTINGS.items():
        service = container(pod_specs(objects)[name])
        told = shared.keys() | {variable["name"] for variable in service.get("env", [])}
        needed = {field.upper() for field, info in kind.model_fields.items() if info.is_required()}
        assert needed <= told, name
        if "jwt_secret" in kind.model_fields:
            assert len({"JWT_SECRET", "JWT_JWKS_URL", "JWT_PUBLIC_KEY_FILE"} & told) == 1, name


def test_order_api_alone_may_upload_pictures_and_the_board_shows_those() -> None:
    objects = render("production-eks")
    roles = {name: a["metadata"].get("annotations", {}) for name, a in of_kind(objects, "ServiceAccount").items()}
    assert [name for name in OURS if roles[name]] == ["order-api"]
    shared = next(c["data"] for n, c in of_kind(objects, "ConfigMap").items() if re.fullmatch(r"scanserve-\w+", n))
    told = {name.lower(): shared[name] for name in ("IMAGES_BUCKET", "IMAGES_REGION", "IMAGES_URL")}
    assert gallery_of(ImageSettings.model_validate(told)) is not None
    policy = of_kind(objects, "NetworkPolicy")["keys-are-fetched"]["spec"]
    assert "order-api" in policy["podSelector"]["matchExpressions"][0]["values"], "STS gives the role's credentials"


def _counted() -> dict[str, str]:
    registries = [
        order_api.metrics.Metrics().registry,
        notifier.metrics.Metrics().registry,
        projector.metrics.Metrics().registry,
        WebhookMetrics().registry,
        CollectorRegistry(),
    ]
    projector.queries.timing.Timing(lambda *_: None, registry=registries[-1])  # type: ignore[arg-type]
    found = {}
    for registry in registries:
        for family in registry.collect():
            suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
            found |= {family.name + suffix: family.type for suffix in suffixes}
    return found


def _ours_in(query: str) -> set[str]:
    return set(re.findall(r"\b(?:order_api|notifier|projector|query_api|webhooks)_\w+", query))


def _rules() -> list[dict[str, Any]]:
    groups = of_kind(render("production-eks"), "PrometheusRule")["scanserve"]["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _queries() -> Iterator[str]:
    yield from (rule["expr"] for rule in _rules())
    boards = of_kind(render("production-eks"), "ConfigMap")["scanserve-dashboards"]["data"]
    for board in boards.values():
        for panel in json.loads(board)["panels"]:
            yield from (target["expr"] for target in panel["targets"])


def test_rules_and_dashboards_ask_for_metrics_that_are_there() -> None:
    asked = {name for query in _queries() for name in _ours_in(query)}
    assert len(asked) > 15
    assert asked - _counted().keys() == set()


def _faulty(queries: list[str]) -> list[dict[str, Any]]:
    node.install()
    found: list[dict[str, Any]] = json.loads(node.run("tests/infra/promql.mjs", json.dumps(queries)))
    return found


def test_every_query_is_one_by_prometheus_own_grammar() -> None:
    scaled = of_kind(render("production-eks"), "ScaledObject").values()
    triggers = [t["metadata"] for o in scaled for t in o["spec"]["triggers"]]
    asked = [*_queries(), *(metadata["query"] for metadata in triggers if "query" in metadata)]
    plain = [re.sub(r"\$\w+", "5m", query) for query in asked]  # Grafana's variables
    assert _faulty(plain) == []
    assert [one["at"] for one in _faulty(["up", "sum(up) by (le", "up offset"])] == [14, 9]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    page = (ROOT / "docs" / "runbooks.md").read_text().partition("\n## CloudWatch\n")[0]
    chapters = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    alerts = [rule["alert"] for rule in _rules()]
    assert sorted(set(alerts)) == sorted(chapters)
    for rule in _rules():
        assert rule["annotations"]["runbook_url"].endswith(f"docs/runbooks.md#{rule['alert'].lower()}")
    bounds = [*(m.start() for m in re.finditer(r"^### ", page, re.MULTILINE)), len(page)]
    for start, end in pairwise(bounds):
        assert "```\n" in page[start:end], f"no command to run first: {page[start : start + 40]}"
