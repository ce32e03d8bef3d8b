"""docs/conformance.md, written from the tests that passed.

Each test names the requirements it proves (`@pytest.mark.requirement("A-03")`). A full run with
`--write-conformance` writes the document; `--check-conformance` fails the run when the document
claims a test that does not exist or did not pass, or lacks one that did.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROPERTY = "requirements"
PRIORITIES = ("P1", "P2", "P3", "DOC")
CLAIM = re.compile(r"^\| (?P<id>[A-K]-\d+) \|.*\| (?P<tests>[^|]+) \|$")


@dataclass(frozen=True)
class Requirement:
    """One numbered requirement of the source documents."""

    id: str
    priority: str
    text: str


@dataclass
class Evidence:
    """What the run showed: test name → requirement ids, and the names that did not pass."""

    claims: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    failed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)

    def proven(self) -> dict[str, set[str]]:
        """Return requirement id → names of the tests that passed."""
        result: dict[str, set[str]] = defaultdict(set)
        for name, ids in self.claims.items():
            if name not in self.failed and name not in self.skipped:
                for one in ids:
                    result[one].add(name)
        return result


def read_requirements() -> list[Requirement]:
    """Read the numbered requirements."""
    with (ROOT / "docs" / "requirements.csv").open(newline="", encoding="utf-8") as file:
        return [
            Requirement(row["id"], row["priority"], row["requirement"])
            for row in csv.DictReader(file)
        ]


def _section(priority: str, rows: list[Requirement], proven: dict[str, set[str]]) -> list[str]:
    shown = [row for row in rows if proven.get(row.id)]
    lines = [f"## {priority}: {len(shown)} / {len(rows)}", ""]
    if shown:
        lines += ["| ID | Requirement | Tests |", "|---|---|---|"]
        for row in shown:
            tests = "<br>".join(f"`{name}`" for name in sorted(proven[row.id]))
            lines.append(f"| {row.id} | {row.text.replace('|', '/')} | {tests} |")
        lines.append("")
    without = ", ".join(row.id for row in rows if not proven.get(row.id))
    if without:
        lines += [f"尚无测试 / without a test: {without}", ""]
    return lines


def render(proven: dict[str, set[str]]) -> str:
    """Write the document."""
    requirements = read_requirements()
    lines = [
        "# 符合性 / Conformance",
        "",
        "由测试生成（`make conformance`），请勿手工修改。每一行列出证明该条要求的测试；"
        "没有测试通过的要求不会出现在表中。",
        "",
        "Generated from the tests (`make conformance`); not edited by hand. A row lists the tests "
        "that prove the requirement, in part or whole; what no passing test shows is not claimed.",
        "",
    ]
    for priority in PRIORITIES:
        rows = [row for row in requirements if row.priority == priority]
        lines += _section(priority, rows, proven)
    return "\n".join(lines)


def read_claims(document: str) -> set[tuple[str, str]]:
    """Return the (requirement, test) pairs that a document claims."""
    claims = set()
    for line in document.splitlines():
        match = CLAIM.match(line)
        if match:
            claims |= {(match["id"], name) for name in re.findall(r"`([^`]+)`", match["tests"])}
    return claims


class ConformancePlugin:
    """Collects what each test proves."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.evidence = Evidence()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = {row.id for row in read_requirements()}
        for item in items:
            for marker in item.iter_markers("requirement"):
                unknown = set(marker.args) - known
                if unknown:
                    raise pytest.UsageError(f"{item.nodeid}: unknown requirement {unknown}")
                # Reports carry this from the process that ran the test to the one that writes.
                item.user_properties.append((PROPERTY, list(marker.args)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.split("[")[0]
        for key, ids in report.user_properties:
            if key == PROPERTY:
                self.evidence.claims[name] |= set(ids)
        if report.failed:
            self.evidence.failed.add(name)
        elif report.skipped:
            self.evidence.skipped.add(name)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workerinput"):
            return  # one of several processes: it has seen a part of the tests only
        target = self.config.getoption("write_conformance")
        if target:
            Path(target).write_text(render(self.evidence.proven()), encoding="utf-8")
        expected = self.config.getoption("check_conformance")
        if expected:
            self._check(session, Path(expected))

    def _check(self, session: pytest.Session, path: Path) -> None:
        claimed = read_claims(path.read_text(encoding="utf-8"))
        shown = {(one, name) for one, names in self.evidence.proven().items() for name in names}
        not_shown = {pair for pair in claimed - shown if pair[1] not in self.evidence.skipped}
        for one, name in sorted(not_shown):
            print(f"\nconformance: {path} claims {one} by {name}, which did not pass here")  # noqa: T201
        for one, name in sorted(shown - claimed):
            print(f"\nconformance: {path} lacks {one} by {name}; run `make conformance`")  # noqa: T201
        if (not_shown or shown - claimed) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--write-conformance", metavar="FILE", help="write the document to FILE")
    group.addoption("--check-conformance", metavar="FILE", help="fail when FILE claims too much")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ConformancePlugin(config))
