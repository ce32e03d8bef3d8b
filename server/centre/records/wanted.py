"""What records are asked for, and what a record is."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.centre.period import Period
from server.people import mask_name


class Kind(enum.StrEnum):
    """The kinds of D-18."""

    CACHE = "cache"  # 缓存申请记录
    UPLOAD = "upload"  # 数据上传监测记录
    RETRIEVAL = "retrieval"  # 调阅记录
    DOWNLOAD = "download"  # 下载记录
    REGISTRATION = "registration"  # 挂号记录
    SHARE = "share"  # 个人分享记录


@dataclass(frozen=True)
class Wanted:
    """Records of a kind in a period, perhaps of one institution or person."""

    kind: Kind
    period: Period
    institution_id: int | None = None
    person_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with a request to export."""
        return self.period.as_json() | {
            "institution_id": self.institution_id,
            "person_id": self.person_id,
        }

    @classmethod
    def from_json(cls, kind: str, kept: dict[str, Any]) -> Wanted:
        """Return what `as_json` wrote."""
        return cls(Kind(kind), Period.from_json(kept), kept["institution_id"], kept["person_id"])


@dataclass(frozen=True)
class Record:
    """One record. `person` is masked (F-22); `what`, `who` and `state` are words for machines or
    names that stand in the tables; `reference` is an opaque id."""

    time: datetime
    institution: str
    person: str
    what: str
    who: str
    state: str
    reference: str


def masked(person_name: str | None, patient_name: str | None = None) -> str:
    """Return whom a record is of: the person's masked name, else the header's, else ""."""
    return mask_name(person_name or patient_name or "")
