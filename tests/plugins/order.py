"""Which files the workers take first: those that take long, so that at the end none waits.

Files are handed out whole and in this order (`--dist loadfile`). Whatever drives a browser or
starts a whole deployment comes first, the rest fills up; within each, files of many tests first.
"""

from __future__ import annotations

from collections import Counter

import pytest

BROWSER = "playwright"
SLOW = ("e2e/", "tests/deployment/")


def is_slow(item: pytest.Item) -> bool:
    """Whether a test takes seconds rather than parts of one."""
    return item.nodeid.startswith(SLOW) or BROWSER in getattr(item, "fixturenames", ())


def file_of(item: pytest.Item) -> str:
    """Return the file of a test, as node ids name it."""
    return item.nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the files for the workers; a single process keeps its own order."""
    if not hasattr(config, "workerinput"):
        return
    tests = Counter(file_of(item) for item in items)
    slow = Counter(file_of(item) for item in items if is_slow(item))
    items.sort(key=lambda item: (-slow[file_of(item)], -tests[file_of(item)], file_of(item)))
