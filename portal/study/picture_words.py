"""The words on the pictures (corners, badges, scale) in the reader's language.

The engine writes them in Chinese, as films in China have them. On a page in another language each
line is looked up here, whole or word by word; what stands in no table (names, hospitals, what a
department wrote) stays as it is. static/viewer/words.js does the same to what Python writes in the
browser, with the same table.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from portal.i18n import SOURCE_LANGUAGE, current_language
from viewer_py.scene.model import CornerText

# "#" stands for a number; a translation has as many, in the same order.
WORDS = (
    _l("男"), _l("女"), _l("其他"), _l("#岁"), _l("#月"), _l("#周"), _l("#天"),
    _l("检查号"), _l("左侧"), _l("右侧"), _l("双侧"), _l("左/右"),
    _l("序列"), _l("层厚"), _l("位置"), _l("螺距"), _l("缩放"), _l("旋转"),
    _l("左右镜像"), _l("上下镜像"), _l("反像"), _l("伪彩"),
    _l("平滑"), _l("锐化"), _l("边缘增强"), _l("中值去噪"),
    _l("轴状位"), _l("冠状位"), _l("矢状位"), _l("斜轴状位"), _l("斜冠状位"), _l("斜矢状位"),
    _l("曲面重建"), _l("三维重建"), _l("曲线长"), _l("单层重建（插值）"), _l("mm（插值）"),
    _l("骨骼"), _l("血管"), _l("皮肤"), _l("肺部"), _l("最大密度"), _l("信号"), _l("CT值"),
    _l("★ 关键影像"),
    _l("校准信息矛盾，不显示比例尺"), _l("未校准，无比例尺"),
    _l("仅重建同组的 # / # 幅"), _l("层面倾斜 #°，已校正"), _l("缺少 # 层，空缺处不插补"),
    _l("层间距不均，已插值"), _l("有 # 处空缺，不插补"), _l("内存有限，以 #/# 分辨率重建"),
    _l("设备较慢，以 #% 精细度显示"), _l("载入中 # / # 层"),
    _l("标尺校准"), _l("按估计放大率"), _l("已校正，方式未注明"), _l("投影，放大率未知"),
    _l("探测器面，非体内"), _l("胶片上，非体内"), _l("超声区域"), _l("未校准"), _l("校准信息矛盾"),
)  # fmt: skip
NUMBER = re.compile(r"\d+(?:\.\d+)?")
SPACES = re.compile(r"(\s+)")


def picture_words() -> dict[str, str]:
    """Return {Chinese: translation} for the language of this request; nothing in Chinese."""
    language = current_language()
    return {} if language == SOURCE_LANGUAGE else _table(language)


@functools.cache
def _table(language: str) -> dict[str, str]:
    with force_locale(SOURCE_LANGUAGE):
        sources = [str(word) for word in WORDS]
    with force_locale(language):
        return {source: str(word) for source, word in zip(sources, WORDS, strict=True)}


def translated(line: str, words: Mapping[str, str]) -> str:
    """Return a line of a picture in the language of `words`."""
    whole = _looked_up(line, words)
    if whole is not None:
        return whole
    return "".join(_looked_up(part, words) or part for part in SPACES.split(line))


def _looked_up(text: str, words: Mapping[str, str]) -> str | None:
    found = words.get(NUMBER.sub("#", text))
    if found is None:
        return None
    numbers = iter(NUMBER.findall(text))
    return "".join(next(numbers, "") if sign == "#" else sign for sign in found)


def translated_corners(corners: CornerText, words: Mapping[str, str]) -> CornerText:
    """Return the lines of all four corners in the language of `words`."""
    return CornerText(
        top_left=tuple(translated(line, words) for line in corners.top_left),
        top_right=tuple(translated(line, words) for line in corners.top_right),
        bottom_left=tuple(translated(line, words) for line in corners.bottom_left),
        bottom_right=tuple(translated(line, words) for line in corners.bottom_right),
    )
