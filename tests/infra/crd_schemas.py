"""Strict JSON Schemas of custom resources, made from their CRDs: PYTHONPATH=tests python -m infra.crd_schemas FILE…

Descriptions go, unknown fields are refused, and parts that we have no use for (`_LEFT_OUT`) count as unknown: a
manifest that begins to use one fails until this is run again without it. deploy/k8s/README.md says where CRDs are from.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.tools import ROOT

SCHEMAS = ROOT / "deploy" / "k8s" / "schemas"
_WORDS = ("description", "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys")
_LEFT_OUT = {
    "Kafka": {"template", "kafkaExporter", "cruiseControl", "maintenanceTimeWindows", "status"},
    "KafkaNodePool": {"template", "status"},
    "ScaledObject": {"status"},
    "PrometheusRule": {"status"},
    "ServiceMonitor": {"oauth2", "status"},
    "SecretStore": {"status"},
    "ExternalSecret": {"status"},
}
_ONLY = {"SecretStore": {"provider": {"aws"}}}  # thirty providers, of which one is ours


def strict(schema: Any, kind: str, name: str = "") -> Any:
    """Turn a part of a CRD's schema into JSON Schema that refuses what it does not know."""
    if not isinstance(schema, dict):
        return schema
    out = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-") and key not in _WORDS}
    if "properties" in schema:
        only = _ONLY.get(kind, {}).get(name)
        left_out = _LEFT_OUT.get(kind, set())
        kept = {key: part for key, part in schema["properties"].items() if key not in left_out}
        kept = {key: part for key, part in kept.items() if only is None or key in only}
        out["properties"] = {key: strict(part, kind, key) for key, part in kept.items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out.setdefault("additionalProperties", False)
    if isinstance(schema.get("items"), dict):
        out["items"] = strict(schema["items"], kind, name)
    if isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = strict(schema["additionalProperties"], kind, name)
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return out


def documents(crd: dict[str, Any]) -> dict[str, Any]:
    """Give the schema of each served version of a CRD, by its file name."""
    group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
    found = {}
    for version in crd["spec"]["versions"]:
        if version["served"] and not version.get("deprecated"):
            schema = strict(version["schema"]["openAPIV3Schema"], kind)
            schema["properties"]["metadata"] = {"type": "object"}
            found[f"{kind}.{group}.{version['name']}.json"] = schema
    return found


def main(files: list[str]) -> None:
    """Write the schemas of the CRDs in the files."""
    for file in files:
        for crd in yaml.safe_load_all(Path(file).read_text()):
            for name, schema in documents(crd).items():
                text = json.dumps(schema, sort_keys=True, separators=(",", ":")).replace('},"', '},\n"')
                (SCHEMAS / name).write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
