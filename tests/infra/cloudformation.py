"""The templates of deploy/aws as data, and what they say of our own metrics."""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import yaml
from cfnlint import decode

from infra.tools import ROOT

FOLDER = ROOT / "deploy" / "aws"
TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
NAMESPACE = "ScanServe"
Runs = Literal["EKS", "ECS"]


def template(name: str) -> dict[str, Any]:
    """Read a template; short forms such as !Sub come out as Fn::Sub."""
    parsed, faults = decode.decode(str(FOLDER / f"{name}.yaml"))
    assert faults == []
    return dict(parsed)


def resources(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Give the properties of a template's resources of one kind."""
    return {key: r["Properties"] for key, r in template(name)["Resources"].items() if r["Type"] == kind}


def alarms() -> dict[str, dict[str, Any]]:
    """Give the alarms."""
    return resources("watch", "AWS::CloudWatch::Alarm")


def dashboard(runs: Runs) -> dict[str, Any]:
    """Give the dashboard as CloudWatch gets it, but for the names of the installation."""
    (board,) = resources("watch", "AWS::CloudWatch::Dashboard").values()
    text, choices = board["DashboardBody"]["Fn::Sub"]
    for name, choice in choices.items():
        _, on_ecs, otherwise = choice["Fn::If"]
        text = text.replace(f"${{{name}}}", (on_ecs if runs == "ECS" else otherwise)["Fn::Sub"])
    return dict(json.loads(text))


def watched() -> set[tuple[str, str]]:
    """Give our own metrics that alarms and dashboard ask for: the metric's name, and the value of its one dimension."""
    found = set()
    for name, dimensions in (*_alarmed(), *_shown()):
        ((dimension, service),) = dimensions.items()
        assert dimension == "service", f"{name} is asked for by {dimension}"
        found.add((name, service))
    return found


def _alarmed() -> Iterator[tuple[str, dict[str, str]]]:
    for alarm in alarms().values():
        asked = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]
        for metric in (alarm, *asked):
            if metric.get("Namespace") == NAMESPACE:
                yield metric["MetricName"], {one["Name"]: one["Value"] for one in metric["Dimensions"]}


def _shown() -> Iterator[tuple[str, dict[str, str]]]:
    for widget in dashboard("EKS")["widgets"]:
        for line in widget["properties"]["metrics"]:
            if line[0] == NAMESPACE:
                _, name, *pairs = (part for part in line if isinstance(part, str))
                yield name, dict(zip(pairs[::2], pairs[1::2], strict=True))


def collector_on_eks() -> dict[str, Any]:
    """Give the collector's configuration there."""
    text = (ROOT / "deploy" / "k8s" / "components" / "cloudwatch" / "config.yaml").read_text()
    return dict(yaml.safe_load(text))


def collector_on_ecs() -> dict[str, Any]:
    """Give the collector's configuration there."""
    (task,) = resources("collector", "AWS::ECS::TaskDefinition").values()
    (variable,) = task["ContainerDefinitions"][0]["Environment"]
    assert variable["Name"] == "AOT_CONFIG_CONTENT"
    return dict(yaml.safe_load(variable["Value"]["Fn::Sub"]))


def scraped(config: dict[str, Any]) -> dict[str, Any]:
    """Give the one scrape of a configuration."""
    (scrape,) = config["receivers"]["prometheus"]["config"]["scrape_configs"]
    return dict(scrape)


def services_of(config: dict[str, Any]) -> set[str]:
    """Give the values that the dimension takes, as relabelling makes them of the names that are looked up."""
    scrape = scraped(config)
    (naming,) = (rule for rule in scrape["relabel_configs"] if rule["target_label"] == "service")
    assert naming["source_labels"] == ["__meta_dns_name"]
    names = [name for lookup in scrape["dns_sd_configs"] for name in lookup["names"]]
    matches = [re.fullmatch(naming["regex"], name) for name in names]  # Prometheus anchors both ends, too
    return {match[1] for match in matches if match is not None}


def kept(config: dict[str, Any]) -> set[str]:
    """Give the metrics that go on to CloudWatch."""
    (rule,) = scraped(config)["metric_relabel_configs"]
    assert (rule["source_labels"], rule["action"]) == (["__name__"], "keep")
    return set(rule["regex"].split("|"))
