"""Annotations as JSON: nothing is lost, nothing unknown is taken."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer_py.measure.annotation import (
    POINT_COUNTS,
    Annotation,
    AnnotationKind,
    ImageReference,
)
from viewer_py.measure.annotation_json import (
    MOST_ANNOTATIONS,
    AnnotationFormatError,
    from_json,
    to_json,
)
from viewer_py.volume.model import Projection, Slab

coordinates = st.floats(-1e6, 1e6)
points = st.tuples(coordinates, coordinates, coordinates)
uids = st.from_regex(r"1\.2(\.[1-9][0-9]{0,8}){1,4}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("C",)), max_size=200)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
moments = st.just("") | instants.map(lambda moment: moment.isoformat() + "+00:00")
slabs = st.builds(Slab, st.floats(0.01, 1000), st.sampled_from(Projection)) | st.just(Slab())


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    kind = draw(st.sampled_from(AnnotationKind))
    fewest, most = POINT_COUNTS[kind]
    reference = draw(st.just("") | uids)
    instance = draw(uids if not reference else st.just("") | uids)
    return Annotation(
        draw(st.uuids()).hex,
        kind,
        tuple(draw(st.lists(points, min_size=fewest, max_size=min(most, 30)))),
        ImageReference(draw(st.uuids()).hex, instance, draw(st.integers(1, 5000))),
        reference,
        draw(st.sampled_from([(0.0, 0.0, 1.0), (0.6, -0.8, 0.0)])),
        draw(texts),
        draw(st.booleans()),
        draw(moments),
        draw(slabs) if not instance else Slab(),
    )


@pytest.mark.requirement("B-30", "C-15")
@given(st.lists(annotations(), max_size=8))
def test_nothing_is_lost(marks: list[Annotation]) -> None:
    assert from_json(to_json(marks)) == tuple(marks)
    assert from_json(to_json(marks).encode()) == tuple(marks)


MARK: dict[str, Any] = {
    "id": "a-1",
    "kind": "text",
    "points": [[1, 2, 3], [4, 5, 6]],
    "image": {"series_id": "s"},
    "frame_of_reference_uid": "1.2.3",
}


def document(*marks: Any, version: Any = 1) -> str:
    return json.dumps({"version": version, "annotations": list(marks)})


def test_what_may_be_left_out_has_its_default() -> None:
    assert from_json(document(MARK)) == (
        Annotation("a-1", AnnotationKind.TEXT, ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
                   ImageReference("s"), "1.2.3"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "不是 JSON 数据"),
        ("[" * 100_000, "不是 JSON 数据"),
        ("[]", "不是标注文件"),
        ('{"version":1,"annotations":[],"more":0}', "不是标注文件"),
        (document(version=2), "标注文件的版本不认识"),
        (document(version=True), "标注文件的版本不认识"),
        (" " * 1_000_001, "标注数据过大"),
        (document(*[MARK] * (MOST_ANNOTATIONS + 1)), "标注多于 500 个"),
        (document(MARK, MARK), "两个标注的编号相同"),
        (document(MARK | {"colour": "red"}), "第 1 个标注：含有不认识的内容"),
        (document(MARK, 7), "第 2 个标注：含有不认识的内容"),
        (document(MARK | {"id": "a b"}), "第 1 个标注：编号不对"),
        (document(MARK | {"id": "x" * 65}), "第 1 个标注：编号不对"),
        (document(MARK | {"kind": "spiral"}), "第 1 个标注：种类不认识"),
        (document(MARK | {"kind": []}), "第 1 个标注：种类不认识"),
        (document(MARK | {"points": [[1, 2, 3]]}), "第 1 个标注：点的数目或坐标不对"),
        (document(MARK | {"points": [[1, 2, 3], [1, 2]]}), "第 1 个标注：点的数目或坐标不对"),
        (document(MARK | {"points": [[1, 2, 3], [1, 2, True]]}), "第 1 个标注：点的数目或坐标不对"),
        (document(MARK).replace("6]", "NaN]"), "第 1 个标注：点的数目或坐标不对"),
        (document(MARK).replace("6]", "1e400]"), "第 1 个标注：点的数目或坐标不对"),
        (document(MARK | {"image": {"series_id": "../x"}}), "第 1 个标注：所属图像不对"),
        (
            document(MARK | {"image": {"series_id": "s", "frame_number": 0}}),
            "第 1 个标注：所属图像不对",
        ),
        (document(MARK | {"frame_of_reference_uid": "1..2"}), "第 1 个标注：坐标系不对"),
        (document(MARK | {"frame_of_reference_uid": ""}), "第 1 个标注：既无坐标系也无图像"),
        (document(MARK | {"normal": [0, 0, 2]}), "第 1 个标注：平面方向不对"),
        (document(MARK | {"text": "x" * 1001}), "第 1 个标注：文字超过 1000 字或含控制字符"),
        (document(MARK | {"text": "\x1b[2J"}), "第 1 个标注：文字超过 1000 字或含控制字符"),
        *(
            (document(MARK | {"slab": slab}), "第 1 个标注：投影层厚不对")
            for slab in (
                7,
                {"projection": "MIP"},
                {"projection": "SUM", "thickness_mm": 20},
                {"projection": "MIP", "thickness_mm": 0},
                {"projection": "MIP", "thickness_mm": 1001},
            )
        ),
        (
            document(
                MARK
                | {
                    "image": {"series_id": "s", "sop_instance_uid": "1.2"},
                    "slab": {"projection": "MIP", "thickness_mm": 20},
                }
            ),
            "第 1 个标注：投影层厚不对",
        ),
        (document(MARK | {"closed": 1}), "第 1 个标注：时间或类型不对"),
        (document(MARK | {"created_at": "yesterday"}), "第 1 个标注：时间或类型不对"),
        (document(MARK | {"created_at": "9999-12-31T23:59:59"}), "第 1 个标注：时间或类型不对"),
    ],
)
def test_what_is_not_known_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(AnnotationFormatError) as error:
        from_json(text)
    assert error.value.words.chinese == words
    assert " / " in str(error.value)


def test_too_many_points_are_refused() -> None:
    line = MARK | {"kind": "freehand", "points": [[0, 0, 0]] * 2000}
    marks = [line | {"id": f"a{number}"} for number in range(11)]
    with pytest.raises(AnnotationFormatError, match="too many points"):
        from_json(document(*marks))


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from([*MARK, "version", "annotations", "text"]), inner),
))  # fmt: skip
def test_whatever_comes_is_read_or_refused(raw: Any) -> None:
    for text in (json.dumps(raw), document(raw), document(MARK | {"points": raw})):
        try:
            from_json(text)
        except AnnotationFormatError as error:
            assert error.words.chinese
