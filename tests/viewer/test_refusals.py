"""Why images cannot be shown: each machine's word has words for people, and names nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.view.samples import make_series
from viewer_py.dicom.manifest import RefusedObject
from viewer_py.dicom.refusals import WORDS, in_language, reason_words, unshown

SERVER = Path(__file__).resolve().parents[2] / "server"
# The calls that name a reason, and the place of the reason among their arguments.
NAMING = {"DecodeError": 0, "RefusedObject": 3, "give_up": -1}


def _reasons() -> Iterator[str]:
    for path in sorted(SERVER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = _called(node)
            if not isinstance(node, ast.Call) or name not in NAMING:
                continue
            if len(node.args) > max(NAMING[name], 0):
                argument = node.args[NAMING[name]]
                if isinstance(argument, ast.Constant):
                    yield str(argument.value)


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", getattr(function, "attr", ""))


def refused(number: int | None, frame: int = 0, reason: str = "damaged_pixels") -> RefusedObject:
    return RefusedObject("1.2.840.777", number, frame, reason, "张三 / Zhang San")


def test_every_reason_of_the_server_has_words() -> None:
    found = set(_reasons())
    assert {"damaged_pixels", "not_dicom", "missing_frames", "internal_error"} <= found
    assert found <= set(WORDS)


@pytest.mark.parametrize("words", WORDS.values())
def test_words_are_in_both_languages(words: str) -> None:
    chinese, english = words.split(" / ")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert english.isascii() and english
    assert in_language(words, chinese=True) == chinese
    assert in_language(words, chinese=False) == english


def test_an_unknown_reason_is_never_shown_as_it_is() -> None:
    assert reason_words("flux_capacitor") == "无法显示 / cannot be shown"


@pytest.mark.requirement("B-50")
def test_images_of_one_reason_stand_together_by_number_and_frame() -> None:
    series = replace(
        make_series(),
        refused=(
            *(refused(number) for number in (8, 5, 6, 7, 3)),
            refused(4, 2),
            refused(4, 3),
            refused(None, reason="not_dicom"),
        ),
    )
    damaged, unreadable, undecoded = unshown(series, {9, 11, 10})
    assert damaged.images == (
        "图像号 3, 5–8；图像号 4 第 2–3 帧 / image number 3, 5–8; image number 4, frame 2–3"
    )
    assert (damaged.reason, damaged.count) == (WORDS["damaged_pixels"], 7)
    assert unreadable.images == "1 个没有图像号的文件 / 1 without an image number"
    assert (undecoded.images, undecoded.count) == ("第 9–11 幅 / no. 9–11 of those shown", 3)
    told = repr((damaged, unreadable, undecoded))
    assert "1.2.840" not in told and "张三" not in told and "Zhang" not in told


def test_nothing_is_said_of_a_whole_series() -> None:
    assert unshown(make_series()) == ()
