"""What a mark forbids, and to whom: a file of rules, read once when the cloud is opened."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from server.sensitivity.marks import Marked, Sensitivity

ACTIONS = frozenset({"view_report", "view_pictures", "view_dicom", "share", "download"})


class Reader(enum.StrEnum):
    """To whom rules apply."""

    PATIENT = "patient"
    RECIPIENT = "recipient"
    DOCTOR = "doctor"


class PolicyError(ValueError):
    """The file of rules cannot be used; the message names the fault."""


@dataclass(frozen=True)
class Rule:
    """One line: data of this kind and mark is closed to these readers for these actions."""

    of: Marked
    mark: Sensitivity
    to: frozenset[Reader]
    deny: frozenset[str]


@dataclass(frozen=True)
class Policy:
    """All rules; whatever none forbids stays as the other rights say."""

    rules: tuple[Rule, ...] = ()

    def concerns(self, reader: Reader, action: str) -> bool:
        """Whether any mark could forbid a reader the action; else none need be looked up."""
        return any(reader in rule.to and action in rule.deny for rule in self.rules)

    def forbids(self, reader: Reader, action: str, marks: Mapping[Marked, Sensitivity]) -> bool:
        """Whether the marks of a study forbid a reader the action."""
        return any(
            reader in rule.to and action in rule.deny and marks.get(rule.of) == rule.mark
            for rule in self.rules
        )


def load_policy(path: Path | None = None) -> Policy:
    """Read the rules of a file, or those that come with the product. Raises PolicyError."""
    try:
        if path is not None:
            return _policy(tomllib.loads(path.read_text(encoding="utf-8")))
        shipped = resources.files(__package__) / "policy.toml"
        return _policy(tomllib.loads(shipped.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PolicyError(f"{path}: {error}") from error


def _policy(content: dict[str, Any]) -> Policy:
    return Policy(tuple(_rule(**row) for row in content["rules"]))


def _rule(of: str, mark: str, to: list[str], deny: list[str]) -> Rule:
    unknown = set(deny) - ACTIONS
    if unknown:
        raise ValueError(f"no such action: {', '.join(sorted(unknown))}")
    return Rule(Marked(of), Sensitivity(mark), frozenset(map(Reader, to)), frozenset(deny))
