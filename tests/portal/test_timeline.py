"""The time line narrowed, paged and exchanged in parts, with and without htmx."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from server import people
from server.cloud import ImageCloud
from server.model import Institution, Person, Study
from tests.factories import SignInFacts, make_institution, make_person, make_study
from tests.visitor import Visitor

TITLE = re.compile(r'class="exam-title">\s*(?:<a[^>]*>)?([^<]+)<')
HTMX = {"HX-Request": "true"}


@dataclass
class Family:
    """A patient's browser, and the means to give him and his mother examinations."""

    cloud: ImageCloud
    visitor: Visitor
    own: int
    mother: int
    hospitals: dict[str, Institution]

    def add(self, title: str, when: str, *, of: int | None = None, **facts: Any) -> Study:
        hospital = self.hospitals[facts.pop("hospital", "甲医院")]
        moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
        return make_study(
            self.cloud,
            person_id=of or self.own,
            institution=hospital,
            description=title,
            study_datetime=moment,
            **facts,
        )

    def page(self, query: str = "", **headers: str) -> str:
        answer = self.visitor.client.get(f"/studies{query}", headers=headers)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def titles(self, query: str = "") -> list[str]:
        return TITLE.findall(self.page(query))


@pytest.fixture
def family(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> Family:
    mother = make_person(cloud, "王母")
    with cloud.database.session() as session:
        people.link_family(
            session,
            guardian=session.get_one(Person, patient.person_id),
            member=session.get_one(Person, mother.id),
            relation="母亲",
        )
    assert patient.person_id is not None
    hospitals = {name: make_institution(cloud, name=name) for name in ("甲医院", "乙医院")}
    visitor = Visitor(app).be(cloud, patient)
    return Family(cloud, visitor, patient.person_id, mother.id, hospitals)


@pytest.fixture
def three(family: Family) -> Family:
    """Three examinations that differ in everything."""
    family.add("胸部平扫", "2026-03-01T16:30", modality="CT", body_part="CHEST",
               accession_number="A100%")  # fmt: skip
    family.add("head plain", "2025-07-09T02:00", modality="MR", body_part="HEAD",
               accession_number="B200", hospital="乙医院")  # fmt: skip
    family.add("右膝正侧位", "2024-01-05T02:00", modality="DX", body_part="KNEE",
               accession_number="C_30", of=family.mother)  # fmt: skip
    return family


@pytest.mark.requirement("A-09", "A-14", "A-36")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["胸部平扫", "head plain", "右膝正侧位"]),
        ("?modality=CT", ["胸部平扫"]),
        ("?modality=DR", ["右膝正侧位"]),
        ("?part=头部", ["head plain"]),
        ("?text=膝", ["右膝正侧位"]),
        ("?text=头", ["head plain"]),
        ("?text=乙医院", ["head plain"]),
        ("?text=b200", ["head plain"]),
        ("?text=Ｂ２００", ["head plain"]),
        ("?text=100%25", ["胸部平扫"]),
        ("?text=_", ["右膝正侧位"]),
        ("?text=胸部 甲医院", ["胸部平扫"]),
        ("?text=胸部 乙医院", []),
        # 16:30 UTC is the next day in China.
        ("?since=2026-03-02", ["胸部平扫"]),
        ("?until=2026-03-01", ["head plain", "右膝正侧位"]),
        ("?since=2025-07-09&until=2025-07-09", ["head plain"]),
        ("?since=0001-01-01&until=9999-12-31", ["胸部平扫", "head plain", "右膝正侧位"]),
        ("?modality=CT&part=头部", []),
        ("?person=0", []),
        ("?person=x", ["胸部平扫", "head plain", "右膝正侧位"]),
    ],
)
def test_filters_and_search_combine_in_the_address(
    three: Family, query: str, found: list[str]
) -> None:
    assert three.titles(query) == found


def test_hospital_and_person_come_from_the_form(three: Family) -> None:
    page = three.page()
    numbers = dict(re.findall(r'<option value="(\d+)">([^<]+医院)</option>', page))
    assert sorted(numbers.values()) == ["乙医院", "甲医院"]
    second = next(number for number, name in numbers.items() if name == "乙医院")
    assert three.titles(f"?hospital={second}") == ["head plain"]
    assert three.titles(f"?person={three.mother}") == ["右膝正侧位"]
    assert three.titles(f"?person={three.mother}&hospital={second}") == []
    # The form keeps the person, the persons' links keep what is narrowed.
    page = three.page(f"?person={three.mother}&text=膝")
    assert f'<input type="hidden" name="person" value="{three.mother}">' in page
    chips = [unescape(one) for one in re.findall(r'class="chip" href="([^"]+)"', page)]
    assert chips and all("text=%E8%86%9D" in one for one in chips)


@pytest.mark.requirement("A-38")
def test_each_condition_can_be_seen_and_lifted(three: Family) -> None:
    page = three.page("?modality=CT&text=胸部&since=2026-01-01&show=images")
    lifted = [unescape(one) for one in re.findall(r'chip-active" href="([^"]+)"', page)]
    assert len(lifted) == 3
    for href, name in zip(lifted, ("text", "modality", "since"), strict=True):
        assert f"{name}=" not in href and href.count("=") == 3 and "show=images" in href
    assert "清除全部条件" in page and 'href="/studies?show=images"' in page
    assert "chip-active" not in three.page("?show=images")
    assert "&lt;b&gt;" in three.page("?text=<b>x</b>")


@pytest.mark.requirement("A-38", "A-49")
def test_nothing_found_and_days_that_do_not_fit_are_told_in_words(three: Family) -> None:
    empty = three.page("?text=没有这个")
    assert "没有符合条件的检查" in empty and "清除全部条件" in empty
    for query, words in (
        ("?since=2026-05-01&until=2026-01-01", "开始日期晚于结束日期"),
        ("?since=5月", "日期无法识别"),
    ):
        page = three.page(query)
        assert words in page and len(TITLE.findall(page)) == 3, query


@pytest.mark.requirement("A-14")
def test_years_are_headings(three: Family) -> None:
    headings = re.findall(r'<h2 id="year-\d+">([^<]+)</h2>', three.page())
    assert headings == ["2026年", "2025年", "2024年"]


@pytest.mark.requirement("A-14", "A-51")
def test_pages_follow_each_other_without_and_with_htmx(family: Family) -> None:
    start = datetime(2026, 6, 1, 2, tzinfo=UTC)
    titles = [f"检查{number:02d}" for number in range(45)]
    for number, title in enumerate(titles):
        family.add(title, (start - timedelta(days=6 * number)).replace(tzinfo=None).isoformat())
    seen, address = [], "/studies"
    while address:
        page = family.page(address.removeprefix("/studies"))
        seen += TITLE.findall(page)
        more = re.search(r'href="([^"]+)" hx-get', page)
        address = unescape(more[1]) if more else ""
    assert seen == titles
    first = family.page()
    link = re.search(r'hx-get="([^"]+)" hx-target="#timeline-more"', first)
    assert link
    later = unescape(link[1]).removeprefix("/studies")
    part = family.page(later, **HTMX, **{"HX-Target": "timeline-more"})
    assert TITLE.findall(part) == titles[20:40]
    assert "<html" not in part and "finder" not in part
    # The list before ends in the same year: its heading is not said twice.
    assert 'id="year-2026"' in first and 'id="year-2026"' not in part
    assert 'aria-label="2026年"' in part and 'id="year-2025"' in part
    whole = family.page(later)
    assert 'id="year-2026"' in whole and "回到最近的检查" in whole


def test_htmx_exchanges_the_list_and_the_address(three: Family) -> None:
    answer = three.visitor.client.get(
        "/studies?text=&modality=CT&since=&person=", headers=HTMX | {"HX-Target": "records"}
    )
    part = answer.get_data(as_text=True)
    assert answer.headers["HX-Push-Url"] == "/studies?modality=CT"
    assert part.count('id="records"') == 1 and "<form" not in part and "<html" not in part
    assert TITLE.findall(part) == ["胸部平扫"]
    assert re.search(r'id="finder-result" role="status" hx-swap-oob="true">已更新，共 1 项<', part)
    nothing = three.visitor.client.get(
        "/studies?text=zzz", headers=HTMX | {"HX-Target": "records"}
    ).get_data(as_text=True)
    assert "没有符合条件的检查" in nothing and "清除全部条件" in nothing


@pytest.mark.requirement("A-48")
def test_images_and_reports_are_asked_for_before_the_page_is_cut(family: Family) -> None:
    """Thirty that do not open stand before one that does: it is on the first page."""
    for number in range(30):
        family.add(f"未审{number}", f"2026-05-{number + 1:02d}T02:00", report=None)
    family.add("已审", "2020-01-01T02:00")
    for view in ("images", "reports"):
        assert family.titles(f"?show={view}") == ["已审"], view
    assert len(family.titles()) == 20


@pytest.mark.requirement("A-44")
def test_what_was_examined_twice_can_be_compared(family: Family) -> None:
    first = family.add("胸部一", "2026-03-01T02:00", body_part="CHEST")
    family.add("胸部二", "2025-03-01T02:00", body_part="胸部")
    family.add("头", "2024-03-01T02:00", body_part="HEAD")
    family.add("母胸", "2023-03-01T02:00", body_part="CHEST", of=family.mother)
    page = family.page()
    offered = [
        TITLE.findall(card)[0] for card in page.split("<article")[1:] if "/studies/compare" in card
    ]
    assert offered == ["胸部一", "胸部二"]
    assert f"/studies/compare?first={first.study_id}" in page
