"""What every test run loads, unit and browser tests alike."""

pytest_plugins = ["tests.plugins.conformance"]
