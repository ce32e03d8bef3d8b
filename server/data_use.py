"""For what images are taken away in bulk (F-30): care, or what an authority approved.

Other purposes than care need an approval of the provincial or a higher insurance authority. Those
that were given are listed in `YINGYUN_DATA_USE_APPROVALS_FILE`; without one there is none.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server import clock
from server.listed import read_listed

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LONGEST_NUMBER = 64


class DataUse(enum.StrEnum):
    """The purpose codes."""

    CARE = "care"
    REFERRAL = "referral"
    TEACHING = "teaching"
    RESEARCH = "research"
    QUALITY = "quality"
    AUDIT = "audit"


FOR_CARE = frozenset({DataUse.CARE, DataUse.REFERRAL})


class DataUseRefused(Exception):  # noqa: N818 - reads as what happened
    """The purpose is missing, or needs an approval that is not there; `missing` tells which."""

    def __init__(self, *, missing: bool) -> None:
        super().__init__("purpose missing" if missing else "approval missing")
        self.missing = missing


class ApprovalsFileError(ValueError):
    """The file of approvals cannot be used; the message names the fault."""


@dataclass(frozen=True)
class Approval:
    """One approval: its number, what it covers, who gave it, its last day in China."""

    name: str
    uses: frozenset[DataUse]
    authority: str
    until: date


@dataclass(frozen=True)
class CheckedUse:
    """A purpose that may be pursued now; `approval` is "" for care."""

    use: DataUse
    approval: str


def check(cloud: ImageCloud, use: str, approval_number: str) -> CheckedUse:
    """Return the purpose if it may be pursued now. Raises DataUseRefused, ApprovalsFileError."""
    if use not in {*DataUse}:
        raise DataUseRefused(missing=True)
    wanted = DataUse(use)
    if wanted in FOR_CARE:
        return CheckedUse(wanted, "")
    today = clock.now().astimezone(clock.CHINA).date()
    for approval in load_approvals(cloud.settings.data_use_approvals_file):
        named = approval.name == approval_number.strip()
        if named and wanted in approval.uses and today <= approval.until:
            return CheckedUse(wanted, approval.name)
    raise DataUseRefused(missing=False)


def load_approvals(path: Path | None) -> tuple[Approval, ...]:
    """Read a JSON list of {"name", "uses", "authority", "until"}; no path means none.

    Raises ApprovalsFileError.
    """
    return read_listed(path, _approval, ApprovalsFileError)


def _approval(path: Path, row: dict[str, Any]) -> Approval:
    try:
        name, authority = str(row["name"]), str(row["authority"])
        uses = frozenset(DataUse(one) for one in row["uses"])
        until = date.fromisoformat(row["until"])
    except (KeyError, TypeError, ValueError) as error:
        raise ApprovalsFileError(f"{path}: {row.get('name')!r}: {error!r}") from error
    if not 0 < len(name) <= LONGEST_NUMBER or not authority or not uses or uses & FOR_CARE:
        fault = "a number, an authority and other purposes than care are needed"
        raise ApprovalsFileError(f"{path}: {name!r}: {fault}")
    return Approval(name, uses, authority, until)
