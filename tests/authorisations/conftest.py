"""The case that all tests of authorisations begin with."""

from __future__ import annotations

import pytest
from flask import Flask

from server.cloud import ImageCloud
from tests.authorisations.case import AuthorisationCase, make_authorisation_case


@pytest.fixture
def case(app: Flask, cloud: ImageCloud) -> AuthorisationCase:
    """A patient with a study at one hospital, and a doctor of another who may not read it yet."""
    return make_authorisation_case(app, cloud)
