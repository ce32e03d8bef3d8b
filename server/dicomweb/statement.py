"""The tables of DICOMweb in the conformance statement (PS3.2), written from the service's own.

    python -m server.dicomweb.statement docs/dicom-conformance.md

renews it between its two marks and leaves the rest of the file as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from server.dicom_index import Level, attributes_of
from server.dicomweb.conformance import transactions
from server.dicomweb.frames import STORED_TYPES
from server.dicomweb.handoffs import LIFETIME
from server.dicomweb.rendering import FUNCTIONS, MOST_GIF_FRAMES, THUMBNAIL_SIDE
from server.dicomweb.searching import MOST_LIMIT, MOST_WITH_HEADERS, USUAL_LIMIT
from server.dicomweb.store import CANNOT_UNDERSTAND, FAILURE_REASONS
from server.ingest import IngestLimits

BEGIN = "<!-- DICOMweb: written by server.dicomweb.statement -->"
END = "<!-- end of DICOMweb -->"


def statement() -> str:
    """Return the tables of the DICOMweb part as Markdown."""
    return "\n\n".join(
        [
            _transactions(),
            "### 查询的属性 / Attributes of searches",
            *(_keys(level) for level in Level),
            "### 存储的帧 / Stored frames",
            _table(("Transfer Syntax UID", "Media type"), sorted(STORED_TYPES.items())),
            "### 拒绝的原因 / Reasons of refusals",
            _failures(),
            "### 限度 / Limits",
            _limits(),
        ]
    )


def renewed(text: str) -> str:
    """Return a document with its DICOMweb part renewed, at its end if it had none."""
    before, begin, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if begin else "\n"
    return f"{before.rstrip()}\n\n{BEGIN}\n{statement()}\n{END}{after}"


def _transactions() -> str:
    rows = [
        (
            one["name"],
            one["method"],
            "<br>".join(f"`{address}`" for address in one["addresses"]),
            ", ".join(f"`{media_type}`" for media_type in one["mediaTypes"]),
            f"`{one['scope']}`",
        )
        for one in transactions()
    ]
    heading = (
        "事务 / Transaction",
        "方法 / Method",
        "地址 / Address",
        "媒体类型 / Media types",
        "scope",
    )
    return "### 事务 / Transactions\n\n" + _table(heading, rows)


def _keys(level: Level) -> str:
    rows = [
        (one.path, "是 / yes" if one.matching is not one.matching.NONE else "", str(one.matching))
        for one in attributes_of(level)
    ]
    heading = ("属性 / Attribute", "可匹配 / Key", "匹配 / Matching")
    return f"#### {level}\n\n" + _table(heading, rows)


def _failures() -> str:
    rows = [(f"{code:04X}H", f"`{reason}`") for reason, code in FAILURE_REASONS.items()]
    rows.append((f"{CANNOT_UNDERSTAND:04X}H", "其他原因 / anything else"))
    return _table(("Failure Reason (0008,1197)", "原因 / Reason"), sorted(rows))


def _limits() -> str:
    rows = [
        ("`limit`：默认 / usual", USUAL_LIMIT),
        ("`limit`：最多 / most", MOST_LIMIT),
        ("`includefield`：每页查看的对象 / objects looked into on a page", MOST_WITH_HEADERS),
        ("动图的帧 / frames of an animated GIF", MOST_GIF_FRAMES),
        ("缩略图的长边 / longer side of a thumbnail", THUMBNAIL_SIDE),
        ("VOI LUT Function（`window`）", ", ".join(FUNCTIONS)),
        ("上传的对象 / an object that is stored, MB", IngestLimits().object_bytes >> 20),
        ("短时令牌 / a handed token, min", int(LIFETIME.total_seconds() // 60)),
    ]
    return _table(("限度 / Limit", "值 / Value"), [(name, str(value)) for name, value in rows])


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(renewed(document.read_text(encoding="utf-8")), encoding="utf-8")
