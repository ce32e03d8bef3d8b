"""docs/embedding.md names every command of the table, with its arguments and their limits."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from viewer_py.view.command import Argument, Command
from viewer_py.view.commands import COMMANDS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "embedding.md"


def argument_words(argument: Argument) -> str:
    """Return an argument as the document writes it."""
    words = f"`{argument.name}`: {argument.type.__name__}"
    if argument.allowed:
        words += f" ({', '.join(argument.allowed)})"
    elif math.isfinite(argument.minimum) and math.isfinite(argument.maximum):
        words += f" {argument.minimum:g} … {argument.maximum:g}"
    return f"{words}, optional" if argument.optional else words


def row(command: Command) -> str:
    """Return a command's row of the table."""
    arguments = "; ".join(argument_words(one) for one in command.arguments) or "–"
    keys = [command.key, *(choice.key for choice in command.choices)]
    by = ", ".join(part for part in (*keys, command.gesture) if part) or "–"
    return f"| `{command.name}` | {command.label} / {command.label_en} | {arguments} | {by} |"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_documented(command: Command) -> None:
    assert row(command) in DOCUMENT.read_text(encoding="utf-8").splitlines()
