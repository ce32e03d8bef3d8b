"""The launch case, made once for each test."""

from __future__ import annotations

import pytest
from flask import Flask

from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.launches.case import LaunchCase, make_launch_case


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> LaunchCase:
    """A hospital's registered system and two patients."""
    return make_launch_case(app, cloud, patient)
