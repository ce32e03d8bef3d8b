"""What of a study cannot be shown is said on the JPG page, without scripts, to whoever may look."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pydicom.uid import generate_uid

from portal.study import data, shown
from server.imaging import prepare
from server.model import Series, Study
from tests.imaging.conftest import add_instance, as_file, ct_slice, phantom
from tests.portal.test_study_pages import Case, texts
from tests.portal.test_study_pages import make as make

LIST = re.compile(r'<details class="unshown">.*?</details>', re.DOTALL)


@pytest.fixture
def broken(make: Callable[..., Case]) -> Case:
    """A CT with two damaged slices among five good ones, and a series of which nothing is left."""
    case = make(5, prepared=False)
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series_id)
        for number in (6, 7):
            damaged = ct_slice(phantom(number, 16, 16), number, series.series_uid, PixelData=b"\0")
            add_instance(case.cloud, series, as_file(damaged))
        lost = Series(
            series_uid=generate_uid(), modality="CT", series_number=9, description="定位像"
        )
        session.get_one(Study, case.study_id).series.append(lost)
        session.flush()
        odd = ct_slice(phantom(1, 16, 16), 1, lost.series_uid, PhotometricInterpretation="CMYK")
        add_instance(case.cloud, lost, as_file(odd))
    prepare.prepare_study(case.cloud, case.study_id)
    return case


@pytest.mark.requirement("B-50", "A-38", "A-51")
@pytest.mark.filterwarnings("ignore")
def test_the_jpg_page_lists_what_cannot_be_shown_and_why(broken: Case) -> None:
    page = broken.page()
    (found,) = LIST.findall(page)
    words = texts(found)
    assert "2 项无法显示" in words
    assert words.index("图像号 6–7") + 1 == words.index("像素数据损坏，无法解码")
    assert re.findall(r"</b> / (\d+)</output>", page) == ["5"]
    assert "damaged_pixels" not in page
    # A series as a whole says so in its own place, and leads nowhere.
    (tab,) = [one for one in page.split("<a class=") if "定位像" in one]
    assert "无法显示：不支持的光度解释（颜色编码）" in tab
    assert 'aria-disabled="true"' in tab and "href" not in tab.split(">")[0]


@pytest.mark.requirement("B-50", "A-49")
@pytest.mark.filterwarnings("ignore")
def test_it_is_said_in_english_too(broken: Case) -> None:
    with broken.client.session_transaction() as session:
        session["language"] = "en"
    page = broken.page()
    words = texts(LIST.findall(page)[0])
    assert "image number 6–7" in words
    assert "the pixel data is damaged and cannot be decoded" in words
    assert not any("\u4e00" <= character <= "\u9fff" for character in "".join(words))
    assert "Cannot be shown: its photometric interpretation is not supported" in page


@pytest.mark.requirement("B-50")
@pytest.mark.filterwarnings("ignore")
def test_a_recipient_reads_the_same_words_and_no_names(broken: Case) -> None:
    share_id, client = broken.share(show_identity=False)
    own = LIST.findall(broken.page())
    theirs = LIST.findall(client.get(f"/s/{share_id}/images").get_data(as_text=True))
    assert theirs == own
    assert "张三丰" not in theirs[0] and "1.2.826" not in theirs[0]


@pytest.mark.filterwarnings("ignore")
def test_the_dicom_page_names_the_series_that_does_not_open(broken: Case) -> None:
    with broken.app.test_request_context(), broken.cloud.database.session() as session:
        study = session.get_one(Study, broken.study_id)
        lost = next(one for one in study.series if one.series_number == 9)
        assert data.closed_entry(lost) == {
            "description": "定位像",
            "modality_label": "CT",
            "why": "无法显示：不支持的光度解释（颜色编码）",
        }
        assert shown.why_closed(session.get_one(Series, broken.series_id)) == ""


def test_a_whole_series_has_no_list(make: Callable[..., Case]) -> None:
    assert not LIST.findall(make().page())
