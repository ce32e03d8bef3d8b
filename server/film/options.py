"""What a doctor chooses of a film: sheet, tiles, images, window, how the images lie."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from viewer_py.pixels.voi import Window
from viewer_py.view.state import Viewport

POINTS_AN_INCH = 72.0
_A_MM = POINTS_AN_INCH / 25.4
MOST_IMAGES = 200
# (columns, rows) of tiles on an upright sheet; a sheet on its side has them the other way round.
TURNS = (0, 90, 180, 270)  # degrees clockwise
LAYOUTS = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5))
WIDEST_WINDOW = 1e7


class Sheet(enum.StrEnum):
    """The sheets: paper, and film of 14 × 17 inches."""

    A4 = "a4"
    FILM_14X17 = "14x17"


_SIZES = {
    Sheet.A4: (210.0 * _A_MM, 297.0 * _A_MM),
    Sheet.FILM_14X17: (14.0 * POINTS_AN_INCH, 17.0 * POINTS_AN_INCH),
}


class FilmRefusedError(ValueError):
    """Such a film cannot be made; the message is for people."""


@dataclass(frozen=True)
class FilmOptions:
    """One film: every `step`-th image from `first` to `last`, both counted from 1.

    `window` None shows each image at its own default window. Flips come before the rotation, which
    is clockwise, as in the viewer (view.fit).
    """

    sheet: Sheet = Sheet.FILM_14X17
    landscape: bool = False
    layout: tuple[int, int] = (3, 4)
    first: int = 1
    last: int = 1
    step: int = 1
    window: Window | None = None
    inverted: bool = False
    rotation: int = 0
    flip_horizontal: bool = False
    flip_vertical: bool = False

    @property
    def viewport(self) -> Viewport:
        """How the images lie, as a pane of the viewer has it."""
        return Viewport(
            rotation=float(self.rotation),
            flip_horizontal=self.flip_horizontal,
            flip_vertical=self.flip_vertical,
        )

    @property
    def page_size(self) -> tuple[float, float]:
        """The width and height of a sheet in points of 1/72 inch."""
        width, height = _SIZES[self.sheet]
        return (height, width) if self.landscape else (width, height)

    @property
    def tiles(self) -> tuple[int, int]:
        """The columns and rows of tiles on a sheet."""
        columns, rows = self.layout
        return (rows, columns) if self.landscape else (columns, rows)

    def frame_indices(self, frame_count: int) -> list[int]:
        """Return which frames are printed, in order. Raises FilmRefusedError for none, too many."""
        chosen = list(range(self.first - 1, min(self.last, frame_count), self.step))
        if not chosen:
            raise FilmRefusedError("没有选中影像 / no image is chosen")
        if len(chosen) > MOST_IMAGES:
            raise FilmRefusedError(
                f"一次最多打印 {MOST_IMAGES} 幅，已选 {len(chosen)} 幅，请缩小范围或加大间隔 / "
                f"no more than {MOST_IMAGES} images at once, not {len(chosen)}"
            )
        return chosen


def parse_options(fields: dict[str, str]) -> FilmOptions:
    """Read the fields of the form. Raises FilmRefusedError, in words, for what makes no film."""
    try:
        options = FilmOptions(
            sheet=Sheet(fields.get("sheet", Sheet.FILM_14X17)),
            landscape=fields.get("orientation", "portrait") == "landscape",
            layout=_layout(fields.get("layout", "3x4")),
            first=int(fields.get("first") or 1),
            last=int(fields.get("last") or 1),
            step=int(fields.get("step") or 1),
            window=_window(fields.get("center", ""), fields.get("width", "")),
            inverted=fields.get("inverted") == "1",
            rotation=_turn(fields.get("rotation", "0")),
            flip_horizontal=fields.get("flip_horizontal") == "1",
            flip_vertical=fields.get("flip_vertical") == "1",
        )
    except ValueError as error:
        if isinstance(error, FilmRefusedError):
            raise
        raise FilmRefusedError("请填写数字 / numbers are expected") from error
    if options.first < 1 or options.last < options.first or options.step < 1:
        raise FilmRefusedError(
            "影像范围不对：从 1 开始，止不小于起，间隔至少为 1 / the range of images is wrong"
        )
    return options


def _layout(text: str) -> tuple[int, int]:
    found = {f"{columns}x{rows}": (columns, rows) for columns, rows in LAYOUTS}.get(text)
    if found is None:
        raise FilmRefusedError("没有这种分格 / there is no such layout")
    return found


def _turn(text: str) -> int:
    if text not in {str(one) for one in TURNS}:
        raise FilmRefusedError("只能旋转 90° 的倍数 / films are turned by quarters only")
    return int(text)


def _window(center: str, width: str) -> Window | None:
    """Return the window that two fields give; None where both are empty (PS3.3 C.11.2.1.2)."""
    if not center.strip() and not width.strip():
        return None
    values = float(center), float(width)
    if not (abs(values[0]) <= WIDEST_WINDOW and 1.0 <= values[1] <= WIDEST_WINDOW):
        raise FilmRefusedError(
            "窗宽至少为 1，窗位为数字 / a window has a centre and a width of at least 1"
        )
    return Window(*values)
