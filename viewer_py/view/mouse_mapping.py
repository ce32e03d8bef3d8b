"""What the mouse buttons do while no tool is chosen (鼠标快捷功能, C-06), as data.

The specification's mapping is the default; the common one is that of OHIF and other viewers.
"""

from __future__ import annotations

from dataclasses import dataclass

# The tool that is none: the left button does what the mapping says.
FREE = "mouse"


@dataclass(frozen=True)
class MouseMapping:
    """Which tool each mouse button works; a chosen tool takes the left button's place."""

    name: str
    label: str
    label_en: str
    left: str
    middle: str
    right: str


MAPPINGS = (
    MouseMapping(
        "specified", "左键缩放 · 中键移动 · 右键调窗", "Left zoom · middle pan · right window",
        "zoom", "pan", "window",
    ),
    MouseMapping(
        "common", "左键调窗 · 中键移动 · 右键缩放", "Left window · middle pan · right zoom",
        "window", "pan", "zoom",
    ),
)  # fmt: skip
DEFAULT = MAPPINGS[0].name
_BY_NAME = {mapping.name: mapping for mapping in MAPPINGS}


def tool_of(name: str, tool: str, button: int, *, touch: bool) -> str:
    """Return the tool that a button (0 left, 1 middle, 2 right) or a finger works.

    `name` is the mapping's, `tool` the chosen one; a finger pans while none is chosen.
    """
    if touch:
        return "pan" if tool == FREE else tool
    mapping = _BY_NAME[name]
    if button == 1:
        return mapping.middle
    if button == 2:
        return mapping.right
    return mapping.left if tool == FREE else tool
