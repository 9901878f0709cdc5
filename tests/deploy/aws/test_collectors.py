"""What the collectors send and what CloudWatch is asked for are the same names, namespace and dimension."""

import json
from typing import Any

import pytest

from infra.cloudformation import (
    NAMESPACE,
    alarms,
    collector_on_ecs,
    collector_on_eks,
    dashboard,
    kept,
    scraped,
    services_of,
    template,
    watched,
)

COLLECTORS = {"EKS": collector_on_eks, "ECS": collector_on_ecs}


@pytest.mark.parametrize("runs", COLLECTORS)
def test_what_is_shown_and_alarmed_is_what_the_collector_sends(runs: str) -> None:
    config = COLLECTORS[runs]()
    exporter = config["exporters"]["awsemf"]
    assert exporter["namespace"] == NAMESPACE
    assert [declared["dimensions"] for declared in exporter["metric_declarations"]] == [[["service"]]]
    assert {name for name, _ in watched()} <= kept(config)
    assert {service for _, service in watched()} <= services_of(config)
    assert services_of(config) == {"order-api", "query-api", "projector", "notifier"}


@pytest.mark.parametrize("runs", COLLECTORS)
def test_each_replica_is_a_series_of_its_own_and_no_label_is_one_that_the_receiver_takes_away(runs: str) -> None:
    made = {rule["target_label"]: rule["source_labels"] for rule in scraped(COLLECTORS[runs]())["relabel_configs"]}
    assert made["replica"] == ["__address__"]
    assert made.keys() & {"job", "instance"} == set()


def test_both_collectors_do_the_same() -> None:
    assert _without_places(collector_on_eks()) == _without_places(collector_on_ecs())


def _without_places(config: dict[str, Any]) -> dict[str, Any]:
    scrape = scraped(config)
    scrape["dns_sd_configs"] = [{**lookup, "names": len(lookup["names"])} for lookup in scrape["dns_sd_configs"]]
    scrape["relabel_configs"] = [rule["target_label"] for rule in scrape["relabel_configs"]]
    placed = {"region", "log_group_name"}
    exporters = {
        name: {key: value for key, value in exporter.items() if key not in placed}
        for name, exporter in config["exporters"].items()
    }
    return {**config, "receivers": {"otlp": config["receivers"]["otlp"], "prometheus": scrape}, "exporters": exporters}


@pytest.mark.parametrize("config", COLLECTORS.values(), ids=COLLECTORS)
def test_every_pipeline_is_made_of_parts_that_are_there(config: Any) -> None:
    found = config()
    for pipeline in found["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= found[kind].keys(), kind


def test_on_ecs_the_collector_asks_for_names_that_processes_are_found_by() -> None:
    nested = template("compute")["Resources"].values()
    given = {r["Properties"]["Parameters"].get("Service") for r in nested if r["Type"] == "AWS::CloudFormation::Stack"}
    assert services_of(collector_on_ecs()) == given - {
        None,
        "webhooks",
    }  # of which CloudWatch shows nothing, on EKS neither
    names = [name for lookup in scraped(collector_on_ecs())["dns_sd_configs"] for name in lookup["names"]]
    space = template("compute")["Resources"]["Names"]["Properties"]["Name"]["Fn::Sub"]
    assert all(name.partition(".")[2] == space for name in names)


@pytest.mark.parametrize(
    ("runs", "needed"),
    [
        ("EKS", ("pod_cpu_utilization_over_pod_limit", "pod_memory_utilization_over_pod_limit")),
        ("ECS", ("MAX(CPUUtilization) FROM SCHEMA", "MAX(MemoryUtilization) FROM SCHEMA")),
    ],
)
def test_the_seeds_five_metrics_are_shown_and_alarmed(runs: Any, needed: tuple[str, str]) -> None:
    shown, alarmed = json.dumps(dashboard(runs)), json.dumps(alarms())
    for metric in ("notifier_connections", "notifier_deliveries_total", *needed, "DB_PERF_INSIGHTS"):
        assert metric in shown
        assert metric in alarmed
