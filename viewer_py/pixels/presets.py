"""The eight one-tap windows of B-39, in the order of the requirement.

No source gives their values; these are the customary ones of ui.md §7, in HU. Hence they fit CT
only: in every other modality just the default is offered.
"""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.pixels.voi import Window


@dataclass(frozen=True)
class Preset:
    """One preset: its name in commands, its Chinese label, and its window.

    `window` None is the frame's own default.
    """

    name: str
    label: str
    window: Window | None


PRESETS: tuple[Preset, ...] = (
    Preset("default", "默认", None),
    Preset("head", "头部", Window(40, 80)),
    Preset("lung", "肺部", Window(-600, 1500)),
    Preset("chest", "胸部", Window(40, 350)),
    Preset("heart", "心脏", Window(40, 400)),
    Preset("abdomen", "腹部", Window(50, 400)),
    Preset("liver", "肝脏", Window(60, 160)),
    Preset("bone", "骨骼", Window(300, 1500)),
)


def find(name: str) -> Preset:
    """Return the preset of this name. Raises KeyError when there is none."""
    for preset in PRESETS:
        if preset.name == name:
            return preset
    raise KeyError(name)


def apply_to(modality: str) -> bool:
    """Say whether the presets beside the default fit this modality: they are in HU, so CT only."""
    return modality == "CT"
