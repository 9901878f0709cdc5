"""A topic and a database for each test."""

import pytest

from infra.running_projector import World
from infra.services import Backing


@pytest.fixture
def world(backing: Backing, topic: str, database_url: str) -> World:
    return World(backing.kafka, topic, database_url)
