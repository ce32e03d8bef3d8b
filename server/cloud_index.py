"""The image-cloud index (医保影像云索引, D-10, B-02): one string that names an examination.

Its parts and their coding are a configurable format (docs/cloud-index.md); an index is given once,
when the first object of a study is stored, and never changes.
"""

from __future__ import annotations

import re
import string
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import CHINA
from server.model import Study

UNKNOWN_PERSON = "0" * 26
NOT_CODED_BODY_PART = "0" * 9
NOT_CODED_DEVICE = "0" * 13

SCHEMES = {"national-2025": "{person_code}-{exam_time}-{body_part}-{device}-{storage_unit}"}

_RULES = {
    "person_code": (re.compile(r"[0-9]{26}"), "26 位数字", "26 digits"),
    "exam_time": (re.compile(r"[0-9]{12}"), "YYYYMMDDhhmm", "YYYYMMDDhhmm"),
    "body_part": (re.compile(r"[0-9A-Z]{9}"), "9 位数字或大写字母", "9 digits or capitals"),
    "device": (re.compile(r"[0-9A-Z]{13}"), "13 位数字或大写字母", "13 digits or capitals"),
    "storage_unit": (re.compile(r"[0-9A-Z]{18}"), "18 位数字或大写字母", "18 digits or capitals"),
}
_LONGEST = 200  # of the column Study.cloud_index


class CloudIndexError(ValueError):
    """An index cannot be built; the message names the part or the scheme, in Chinese / English."""


@dataclass(frozen=True)
class CloudIndexParts:
    """What an index is made of.

    person_code: person management code (国家医保信息平台人员管理码), 26 digits; zeros when unknown.
    exam_time: time of the examination in China, YYYYMMDDhhmm.
    body_part: body-part code (WS/T 364.8), 9 characters; zeros while not coded.
    device: device code, 13 characters; zeros while not coded.
    storage_unit: unified social credit code of the storing institution, 18 characters.
    """

    person_code: str
    exam_time: str
    storage_unit: str
    body_part: str = NOT_CODED_BODY_PART
    device: str = NOT_CODED_DEVICE


def exam_time(moment: datetime) -> str:
    """Return the minute of an aware datetime as an index writes it, in China's time."""
    return moment.astimezone(CHINA).strftime("%Y%m%d%H%M")


def cloud_index(scheme: str, parts: CloudIndexParts, serial: int = 1) -> str:
    """Build the index of a study.

    `scheme` is a name of SCHEMES or a template such as "{person_code}-{storage_unit}". The second
    and further studies with the same parts carry their `serial` at the end ("…-2").
    Raises CloudIndexError for a scheme or part that is not valid.
    """
    template = _template(scheme)
    values = asdict(parts)
    for name, (rule, chinese, english) in _RULES.items():
        if f"{{{name}}}" in template and not rule.fullmatch(values[name]):
            raise CloudIndexError(f"云索引 {name} 应为 {chinese} / {name} must be {english}")
    index = template.format(**values)
    index = index if serial == 1 else f"{index}-{serial}"
    if len(index) > _LONGEST:
        raise CloudIndexError(f"云索引超过 {_LONGEST} 字符 / the index is longer than {_LONGEST}")
    return index


def free_cloud_index(session: Session, scheme: str, parts: CloudIndexParts) -> str:
    """Return the index of the lowest serial that no study has yet. Raises CloudIndexError."""
    first = cloud_index(scheme, parts)
    taken = set(
        session.scalars(
            select(Study.cloud_index).where(Study.cloud_index.startswith(first, autoescape=True))
        )
    )
    serial = 1
    while (index := cloud_index(scheme, parts, serial)) in taken:
        serial += 1
    return index


def _template(scheme: str) -> str:
    template = SCHEMES.get(scheme, scheme)
    try:
        fields = [parsed for parsed in string.Formatter().parse(template) if parsed[1] is not None]
    except ValueError as error:
        raise CloudIndexError(f"云索引方案不合法 / not a cloud index scheme: {scheme}") from error
    plain = all(name in _RULES and not spec and not how for _, name, spec, how in fields)
    if not fields or not plain:
        raise CloudIndexError(f"云索引方案不合法 / not a cloud index scheme: {scheme}")
    return template
