"""The CloudFormation templates: accepted by cfn-lint, safe by our own rules, and in agreement with the services."""

import json
import re

import pytest

from infra.cloudformation import FOLDER, TEMPLATES, Runs, alarms, dashboard, resources, template
from infra.manifests import container, of_kind, render
from infra.tools import ROOT, run_tool
from order_api.images.terms import PREFIX
from scanserve_cost.shapes import GUARDED, LARGE, MEDIUM, SMALL


def test_cfn_lint_has_nothing_to_say() -> None:
    done = run_tool("cfn-lint", *(str(FOLDER / f"{name}.yaml") for name in TEMPLATES))
    assert done.returncode == 0, done.stdout


def test_the_network_can_be_had_with_the_ways_out_that_the_cost_page_reckons_with() -> None:
    network = template("network")
    allowed = network["Parameters"]["NatGateways"]["AllowedValues"]
    assert {str(shape.nats) for shape in (SMALL, MEDIUM, LARGE, GUARDED)} <= set(allowed)
    without = {name for name, r in network["Resources"].items() if "Condition" not in r}
    assert not [name for name in without if "Nat" in str(network["Resources"][name]["Type"])]
    subnets = resources("network", "AWS::EC2::Subnet")
    for name, subnet in subnets.items():  # without NAT, nodes stand in the public ones, and each has an address
        assert subnet.get("MapPublicIpOnLaunch") == (
            {"Fn::If": ["ANat", False, True]} if name.startswith("Public") else None
        )


def test_what_keeps_data_survives_its_stack() -> None:
    found = template("data")["Resources"]
    assert found["Database"]["DeletionPolicy"] == "Snapshot"
    assert found["Kafka"]["DeletionPolicy"] == "Retain"
    assert template("edge")["Resources"]["Files"]["DeletionPolicy"] == "Retain"


def test_data_is_encrypted_and_nobody_outside_reaches_it() -> None:
    for database in resources("data", "AWS::RDS::DBInstance").values():
        assert database["PubliclyAccessible"] is False
        assert database.get("StorageEncrypted") or "SourceDBInstanceIdentifier" in database
    (kafka,) = resources("data", "AWS::MSK::Cluster").values()
    assert kafka["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert kafka["ClientAuthentication"]["Unauthenticated"] == {"Enabled": False}
    (cache,) = resources("data", "AWS::ElastiCache::ReplicationGroup").values()
    assert cache["TransitEncryptionEnabled"] is True
    assert cache["AtRestEncryptionEnabled"] is True
    (bucket,) = resources("edge", "AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_order_apis_role_puts_pictures_and_nothing_else_and_only_they_are_served() -> None:
    (role,) = resources("edge", "AWS::IAM::Role").values()
    (policy,) = role["Policies"]
    pictures = {"Fn::Sub": f"${{Files.Arn}}/{PREFIX}*"}
    allowed = [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": pictures}]
    assert policy["PolicyDocument"]["Statement"] == allowed
    _, on_eks, on_ecs = role["AssumeRolePolicyDocument"]["Fn::If"]
    (trust,) = json.loads(on_eks["Fn::Sub"])["Statement"]
    assert trust["Condition"]["StringEquals"]["${OidcProvider}:sub"] == "system:serviceaccount:scanserve:order-api"
    assert [s["Principal"] for s in on_ecs["Statement"]] == [{"Service": "ecs-tasks.amazonaws.com"}]
    served = template("edge")["Resources"]["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert pictures in served["Resource"]


def test_a_page_may_send_a_form_to_the_bucket_and_read_nothing_there() -> None:
    (bucket,) = resources("edge", "AWS::S3::Bucket").values()
    (rule,) = bucket["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedMethods"], rule["AllowedOrigins"]) == (["POST"], {"Ref": "UploadOrigins"})


def test_no_password_is_a_parameter_or_a_default() -> None:
    for name in TEMPLATES:
        for key, parameter in template(name).get("Parameters", {}).items():
            assert not re.search("password|secret", key, re.IGNORECASE) or "ARN" in parameter.get("Description", ""), (
                key
            )
    (database, _) = resources("data", "AWS::RDS::DBInstance").values()
    assert database["ManageMasterUserPassword"] is True


def test_only_order_api_writes_and_each_has_a_user_of_its_own() -> None:
    users = {str(r["Name"]["Fn::Sub"]) for r in resources("data", "AWS::SecretsManager::Secret").values()}
    assert users == {f"AmazonMSK_${{Name}}-{name}" for name in ("order-api", "projector", "notifier")}


def test_ecs_scales_by_the_seeds_figures() -> None:
    (target,) = resources("process", "AWS::ApplicationAutoScaling::ScalableTarget").values()
    (policy,) = resources("process", "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    assert tracking["PredefinedMetricSpecification"] == {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    assert (tracking["TargetValue"], tracking["ScaleOutCooldown"], tracking["ScaleInCooldown"]) == (70, 300, 300)
    (service,) = resources("process", "AWS::ECS::Service").values()
    (task,) = resources("process", "AWS::ECS::TaskDefinition").values()
    assert (service["DesiredCount"], task["Cpu"], task["Memory"]) == (2, "512", "1024")


def test_ecs_runs_every_process_that_kubernetes_does() -> None:
    deployed = of_kind(render("small"), "Deployment")
    args = {name: container(d["spec"]["template"])["args"] for name, d in deployed.items()}
    told = [stack["Parameters"] for stack in resources("compute", "AWS::CloudFormation::Stack").values()]
    assert {one["Service"]: one["Command"].split(",") for one in told if "Service" in one} == args


def test_a_bill_that_jumps_is_told_before_it_comes() -> None:
    asked = json.dumps(alarms())
    for driver in ("ConsumedLCUs", "BytesOutToDestination", "CPUSurplusCreditsCharged", "IncomingBytes"):
        assert driver in asked
    (budget,) = resources("watch", "AWS::Budgets::Budget").values()
    kinds = {n["Notification"]["NotificationType"] for n in budget["NotificationsWithSubscribers"]}
    assert kinds == {"FORECASTED", "ACTUAL"}
    assert resources("watch", "AWS::CE::AnomalyMonitor")
    assert resources("watch", "AWS::CE::AnomalySubscription")


@pytest.mark.parametrize("runs", ["EKS", "ECS"])
def test_the_dashboard_is_json(runs: Runs) -> None:
    assert len(dashboard(runs)["widgets"]) >= 5


def test_every_alarm_tells_somebody_and_has_a_runbook() -> None:
    page = (ROOT / "docs" / "runbooks.md").read_text().partition("\n## CloudWatch\n")[2]
    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(alarms())
    for name, alarm in alarms().items():
        assert alarm["AlarmActions"], name
        assert alarm["AlarmDescription"].endswith(f"docs/runbooks.md#{name.lower()}"), name
