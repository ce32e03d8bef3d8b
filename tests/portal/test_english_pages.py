"""Every page that links lead to, in English: no Chinese word but names and what hospitals wrote."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import Role
from server.model.base import Base
from tests.factories import SignInFacts, make_account, make_institution
from tests.portal.crawl import crawl
from tests.portal.doctor_case import make_doctor_case
from tests.visitor import Visitor

CHINESE = re.compile(r"[\u3400-\u9fff]+")
ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
# What nobody reads in English: comments, words that say that they are Chinese, values that forms
# send, and the table of what the pictures say in Chinese and in English.
TOLD_IN_CHINESE = re.compile(
    r"<!--.*?-->"
    r'|<(\w+)\b[^>]*\slang="zh[^"]*"[^>]*>.*?</\1>'
    r'|(?<=<option)[^>]*\svalue="[^"]*"'
    r"|\sdata-words='[^']*'",
    re.DOTALL,
)
OUR_NAMES = ("影云", "中文")


def names_in(cloud: ImageCloud) -> list[str]:
    """Return what people and hospitals wrote: all Chinese in the database, longest first."""
    found = {*OUR_NAMES, cloud.settings.site_name}
    with cloud.database.session() as session:
        for table in Base.metadata.tables.values():
            for row in session.execute(select(table)):
                for value in row:
                    found |= set(CHINESE.findall(ESCAPED.sub(_letter, str(value))))
    return sorted(found, key=len, reverse=True)


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def chinese_left(page: str, names: list[str]) -> list[str]:
    words = ESCAPED.sub(_letter, html.unescape(TOLD_IN_CHINESE.sub("", page)))
    for name in names:
        words = words.replace(name, "")
    return CHINESE.findall(words)


def in_english(visitor: Visitor) -> Visitor:
    visitor.get("/privacy")
    visitor.submit("/language", language="en")
    return visitor


def test_chinese_is_found_where_there_is_any() -> None:
    page = '<p title="影像">x</p><b lang="zh-CN">中文</b><i data-t=\'"\\u62a5\\u544a"\'>张三</i>'
    assert chinese_left(page, ["张三"]) == ["影像", "报告"]


@pytest.mark.parametrize("who", ["stranger", "patient", "doctor", "reviewer"])
def test_pages_in_english_are_english(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, who: str
) -> None:
    case = make_doctor_case(app, cloud, patient)
    reviewer = make_account(
        cloud,
        "reviewer",
        role=Role.INSTITUTION_ADMINISTRATOR,
        institution=make_institution(cloud),
    )
    visitors = {
        "stranger": Visitor(app),
        "patient": case.shared.giver,
        "doctor": case.doctor,
        "reviewer": Visitor(app).be(cloud, reviewer),
    }
    start = {"patient": "/studies", "doctor": "/doctor/studies", "reviewer": "/reviews"}
    visitor = in_english(visitors[who])
    study = f"/studies/{case.shared.study_id}"
    more = [study, f"{study}/dicom?confirmed=1"] if who == "patient" else []
    pages = crawl(app, visitor, start.get(who, "/login"), "/account", *more)
    assert len(pages) >= {"stranger": 3, "reviewer": 4}.get(who, 12), sorted(pages)
    names = names_in(cloud)
    left = {
        address: found for address, page in pages.items() if (found := chinese_left(page, names))
    }
    assert not left, "\n".join(
        f"{address}: {sorted(set(found))}" for address, found in left.items()
    )
