"""Parts of objects from an S3 service that answers them with the whole, as HTTP lets it."""

from __future__ import annotations

import pytest

from server.storage.obstore_store import open_obstore
from tests import s3
from tests.backends import s3_url

__all__ = ["s3_url"]

DATA = bytes(range(256)) * 300
PARTS = [(0, 28), (5, 10), (70_000, 6_000), (0, len(DATA)), (len(DATA) - 3, 10), (len(DATA), 4)]


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, s3_url: str) -> str:
    for name, value in s3.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return s3.below(s3_url, "ranges")


def test_a_part_is_the_part_that_was_asked_for(url: str) -> None:
    store = open_obstore(url)
    store.put("a/whole", DATA)
    for start, length in PARTS:
        assert store.get_range("a/whole", start, length) == DATA[start : start + length]
