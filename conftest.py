"""What every test run loads, unit and browser tests alike."""

from hypothesis import settings
from playwright.sync_api import expect

pytest_plugins = [
    "tests.plugins.conformance",
    "tests.plugins.memory",
    "tests.plugins.order",
    "tests.plugins.reuse",
]

# `make test` answers the same twice on the same tree; `make test-long` looks for new examples.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None, print_blob=True, max_examples=400)
settings.load_profile("steady")

# What a page shows comes late on a busy machine; only what fails waits this long.
expect.set_options(timeout=30_000)
