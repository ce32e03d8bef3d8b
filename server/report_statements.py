"""What a report says of which part of the body: its sentences sorted by the organ named (A-44)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from server.report_versions import sentences

OTHERS = "其他"
# In the order in which radiologists write: a part, and the words that name it.
_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("脑", ("脑", "额叶", "顶叶", "颞叶", "枕叶", "半卵圆", "基底节", "丘脑", "灰白质", "中线",
           "侧裂", "垂体", "颅")),
    ("眼、耳、鼻窦", ("眼", "鼻窦", "副鼻窦", "乳突", "鼻咽", "中耳", "上颌窦")),
    ("颈部与甲状腺", ("甲状腺", "颈部", "喉", "咽旁", "腮腺", "颈动脉")),
    ("肺与气道", ("肺", "支气管", "气管", "肺门", "右上叶", "左上叶", "叶间")),
    ("胸膜与胸廓", ("胸膜", "胸腔", "肋膈角", "膈面", "胸廓", "胸壁")),
    ("纵隔", ("纵隔", "食管", "胸腺")),
    ("心脏与大血管", ("心影", "心脏", "心包", "心室", "心房", "左室", "右室", "左房", "右房",
                "房室", "室壁", "二尖瓣", "三尖瓣", "射血", "主动脉", "肺动脉", "冠状动脉",
                "心肌")),
    ("乳腺", ("乳腺", "乳房", "腋窝")),
    ("肝与胆道", ("肝", "胆")),
    ("胰与脾", ("胰", "脾")),
    ("肾、输尿管与肾上腺", ("肾", "输尿管", "膀胱")),
    ("胃肠与腹腔", ("胃", "肠", "腹水", "腹腔", "腹膜", "阑尾")),
    ("盆腔", ("子宫", "卵巢", "附件", "前列腺", "精囊", "盆腔", "直肠")),
    ("脊柱", ("椎", "椎间盘", "脊髓", "骶", "终丝")),
    ("骨与关节", ("骨", "关节", "半月板", "韧带", "肌腱", "肩袖", "软骨", "髌")),
    ("淋巴结", ("淋巴结",)),
)  # fmt: skip
_NUMBER = re.compile(r"^\s*(?:[0-9]{1,2}|[（(][0-9]{1,2}[)）])\s*[.、．)）]?\s*(?=\D)")


@dataclass(frozen=True)
class Statement:
    """One sentence, and whether the other report says the same word for word."""

    words: str
    same: bool


@dataclass(frozen=True)
class PartCompared:
    """What two reports say of one part of the body."""

    part: str
    first: tuple[Statement, ...]
    second: tuple[Statement, ...]


def part_of(sentence: str) -> str:
    """Return the part of the body that a sentence is about: the one named first.

    Where two begin at one place the longer name counts: 肺动脉 is a vessel, no lung.
    """
    named = (
        (sentence.find(word), -len(word), part)
        for part, words in _PARTS
        for word in words
        if word in sentence
    )
    return min(named, default=(0, 0, OTHERS))[2]


def compared(first: str, second: str) -> tuple[PartCompared, ...]:
    """Return what two texts say, part by part, in the order of a report; no sentence is lost."""
    by_part = [_by_part(text) for text in (first, second)]
    every = [{one for found in side.values() for one in found} for side in by_part]
    order = [*(part for part, _ in _PARTS), OTHERS]
    return tuple(
        PartCompared(
            part,
            _statements(by_part[0].get(part, ()), every[1]),
            _statements(by_part[1].get(part, ()), every[0]),
        )
        for part in order
        if part in by_part[0] or part in by_part[1]
    )


def _by_part(text: str) -> dict[str, list[str]]:
    """Sort sentences; one that names no part goes on with what the one before was about."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        current = OTHERS
        for sentence in sentences(_NUMBER.sub("", line)):
            part = part_of(sentence)
            current = current if part == OTHERS else part
            found.setdefault(current, []).append(sentence)
    return found


def _statements(said: Sequence[str], elsewhere: set[str]) -> tuple[Statement, ...]:
    return tuple(Statement(words, words in elsewhere) for words in said)
