"""What a patient is told of a tool in plain words, once, when it is first in his hand (ui.md §4).

What is to be done next while a measurement is drawn is told by `view.annotations.hints`.
"""

from __future__ import annotations

# By the tool's name in `tool.choose`; "mpr" is told when the reformats open. "中文 / English".
TIPS = {
    "pan": "拖动移动图像，双指张合放大缩小，下方滑块翻页 / "
    "drag to move, pinch to enlarge, page with the slider below",
    "window": "拖动调节明暗：上下变亮变暗，左右改变对比 / "
    "drag to change light and dark: up and down brightness, sideways contrast",
    "zoom": "向上拖动放大，向下拖动缩小 / drag upwards to enlarge, downwards to shrink",
    "stack": "上下拖动，逐幅翻看 / drag up and down to page through the images",
    "rotate": "绕图像中心拖动，转到想要的角度 / drag around the middle to turn the image",
    "magnifier": "按住图像移动，放大手指所在之处 / hold and move: what is under it grows",
    "localizer": "点按一处，其他窗格转到同一位置 / tap a place: the other panes go there too",
    "crosshair": "点按或拖动十字线，三个方位同到一处 / tap or drag: all planes go there",
    "mpr": "点按小图换成大图；用“方位”“投影层厚”换看法 / "
    "tap a small picture to enlarge it; change the view with Direction and Slab",
}
