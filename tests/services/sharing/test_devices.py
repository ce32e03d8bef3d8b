"""What a browser says of itself becomes a kind of device."""

from __future__ import annotations

import pytest

from server.devices import device_class_of


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0", "phone"),
        ("Mozilla/5.0 (Linux; Android 15; HBN-AL00) Chrome/114 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X910) Chrome/120 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "robot"),
        ("", "robot"),
    ],
)  # fmt: skip
def test_device_classes(agent: str, expected: str) -> None:
    assert device_class_of(agent) == expected
