"""A hospital's system with the scopes of these tests."""

from __future__ import annotations

import pytest
from flask import Flask

from server.clients import Scope
from server.cloud import ImageCloud
from tests.records.case import RecordsCase, make_records_case


@pytest.fixture
def hospital(app: Flask, cloud: ImageCloud) -> RecordsCase:
    """A hospital's system that sends images and records, and reads its data sets."""
    return make_records_case(app, cloud, [Scope.RECORDS_WRITE, Scope.DATA_SETS_READ])
