"""Sends orders to ScanServe: typed, retried with the same key until there is an answer."""

from scanserve_client.client import OrderClient
from scanserve_client.outcomes import Answer, NoAnswer, Refused
from scanserve_client.retrying import Retrying

__all__ = ["Answer", "NoAnswer", "OrderClient", "Refused", "Retrying"]
