"""A hospital's system with the scopes of reminders, and the patient's history."""

from __future__ import annotations

import pytest
from flask import Flask

from server.clients import Scope
from server.cloud import ImageCloud
from server.model import InstitutionClient, Study
from tests.factories import SignInFacts
from tests.launches.case import LaunchCase, make_launch_case


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> LaunchCase:
    """A hospital whose system may ask for everything; its own study is one of the abdomen."""
    made = make_launch_case(app, cloud, patient)
    with cloud.database.session() as session:
        session.get_one(InstitutionClient, made.client_id).scopes = [str(one) for one in Scope]
        session.get_one(Study, made.study_id).description = "腹部CT平扫"
    return made
