"""The four corners (四角信息, B-16, I-11): one table says which line stands where.

The six items of I-11 are the left/right mark, accession number, exam date, hospital, patient basics
and acquisition parameters; they stand in every variant. A value the object does not give is "-".
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.pixels.voi import Window, default_window, is_color
from viewer_py.scene.model import CornerText, OrientationMarks
from viewer_py.scene.texts import (
    MISSING,
    SEXES,
    age_text,
    date_text,
    or_missing,
    person_name,
    quantity,
)
from viewer_py.view.commands.image import FILTERS
from viewer_py.view.fit import scale_of
from viewer_py.view.state import CanvasSize, Pane, PaneKind

PHONE_WIDTH = 600.0  # CSS pixels; below it the lines are the short ones
# A pane smaller than this has room for the number of its image, and no more.
_LEAST_WIDTH, _LEAST_HEIGHT = 160.0, 150.0
_TILE_WIDTH = 300.0  # of a first tile that names the study in full


@dataclass(frozen=True)
class CornerSource:
    """What the lines of one pane are made from.

    `canvas` is the size of the pane. Of a reformat, `zoom` is CSS pixels a voxel, `name` how it is
    called, `number` which one it is, `place` where it stands and `values` what was read at the
    cross-hair; a `small` one says its name and no more.
    """

    series: SeriesManifest
    frame: FrameAttributes
    pane: Pane
    canvas: CanvasSize
    marks: OrientationMarks
    zoom: float | None = None
    name: str = ""
    number: str = ""
    small: bool = False
    place: str = ""
    slab: str = ""
    values: tuple[str, ...] = ()


class Corner(enum.StrEnum):
    """Which corner a line stands in."""

    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_RIGHT = "bottom_right"


Text = Callable[[CornerSource], str]


@dataclass(frozen=True)
class Line:
    """One line: its corner, how it reads on a desktop and on a phone (None: not there)."""

    corner: Corner
    desktop: Text | None
    phone: Text | None
    modalities: tuple[str, ...] = ()


def _sex_and_age(source: CornerSource) -> str:
    heading = source.series.heading
    sex = SEXES.get(heading.patient_sex, heading.patient_sex) or MISSING
    return f"{sex} {age_text(heading.patient_age)}"


def _series_line(source: CornerSource) -> str:
    number = source.series.series_number
    shown = MISSING if number is None else str(number)
    return f"序列 {shown}  {source.series.series_description}".strip()


def _image_line(source: CornerSource) -> str:
    return f"{source.pane.frame_index + 1} / {len(source.series.frames)}"


def _slice_line(source: CornerSource) -> str:
    frame = source.frame
    return f"层厚 {quantity(frame.slice_thickness, 'mm', 2)}  位置 {_location(frame)}"


def _location(frame: FrameAttributes) -> str:
    value = frame.slice_location
    if value is None and frame.image_position_patient is not None:
        value = frame.image_position_patient[2]
    return quantity(value, "mm", 1)


def _exposure(frame: FrameAttributes) -> str:
    if frame.tube_current is None and frame.exposure is not None:
        return quantity(frame.exposure, "mAs", 1)
    return quantity(frame.tube_current, "mA", 0)


def _ct_line(source: CornerSource) -> str:
    frame = source.frame
    return (
        f"{quantity(frame.kvp, 'kV', 0)}  {_exposure(frame)}  螺距 {quantity(frame.pitch, '', 3)}"
    )


def _x_ray_line(source: CornerSource) -> str:
    return f"{quantity(source.frame.kvp, 'kV', 0)}  {_exposure(source.frame)}"


def _mr_line(source: CornerSource) -> str:
    frame = source.frame
    return (
        f"TR {quantity(frame.repetition_time, 'ms', 0)}  TE {quantity(frame.echo_time, 'ms', 1)}  "
        f"{quantity(frame.magnetic_field_strength, 'T', 1)}"
    )


def _matrix_line(source: CornerSource) -> str:
    return f"{source.frame.columns} × {source.frame.rows}"


def _phone_slice(source: CornerSource) -> str:
    return f"层厚 {quantity(source.frame.slice_thickness, 'mm', 2)}"


def _phone_ct(source: CornerSource) -> str:
    return f"{quantity(source.frame.kvp, 'kV', 0)} {_exposure(source.frame)}"


def _phone_mr(source: CornerSource) -> str:
    frame = source.frame
    return f"TR {quantity(frame.repetition_time, '', 0)} TE {quantity(frame.echo_time, '', 1)}"


def _side(source: CornerSource) -> str:
    """Return the left/right mark in words: ImageLaterality, or the side the viewer's left shows."""
    if source.frame.image_laterality in ("L", "R", "B"):
        return {"L": "左侧 L", "R": "右侧 R", "B": "双侧 B"}[source.frame.image_laterality]
    left, right = source.marks.left, source.marks.right
    return f"{left} ↔ {right}" if left and right else f"左/右 {MISSING}"


def shown_window(pane: Pane, frame: FrameAttributes) -> Window:
    """Return the window the corner names: the chosen one, else the frame's default."""
    return pane.window or default_window(frame)


def _window_line(source: CornerSource) -> str:
    if source.pane.window is None and is_color(source.frame):
        return ""  # colours are shown as they are
    if source.pane.window is None and source.pane.kind is PaneKind.RENDERING:
        return ""  # the preset stands for its own values
    if source.pane.window is None and source.frame.voi_luts:
        return "W/L  VOI LUT"
    window = shown_window(source.pane, source.frame)
    digits = 0 if window.width >= 10 else 2
    return f"W {window.width:.{digits}f}  L {window.center:.{digits}f}"


def _zoom_line(source: CornerSource) -> str:
    if source.zoom is not None:
        return f"缩放 {source.zoom:.0%}"
    scale = scale_of(source.frame, source.canvas, source.pane.viewport)
    return f"缩放 {scale / source.canvas.pixel_ratio:.0%}"


def _reformat_name(source: CornerSource) -> str:
    return f"{source.name}  {source.number}".strip()


def _values(source: CornerSource) -> str:
    return "  ".join(source.values)


def _turn_line(source: CornerSource) -> str:
    view = source.pane.viewport
    parts = [f"旋转 {view.rotation:.0f}°"] if view.rotation else []
    parts += ["左右镜像"] if view.flip_horizontal else []
    parts += ["上下镜像"] if view.flip_vertical else []
    parts += ["反像"] if source.pane.inverted else []
    parts += [_FILTER_WORDS[source.pane.filter]] if source.pane.filter else []
    parts += ["伪彩"] if source.pane.color_map else []
    return "  ".join(parts)


_FILTER_WORDS = {name: words for name, (words, _) in FILTERS.items()}


def _equipment(source: CornerSource) -> str:
    return " ".join(part for part in (source.series.modality, source.series.station_name) if part)


_PROJECTION = ("CR", "DX", "DR", "MG", "XA", "RF", "PX", "IO")
_SLICES = ("CT", "MR", "PT", "NM")


def _of_heading(field: str) -> Text:
    return lambda source: or_missing(str(getattr(source.series.heading, field)))


def _name(source: CornerSource) -> str:
    return or_missing(person_name(source.series.heading.patient_name))


def _date(source: CornerSource) -> str:
    return date_text(source.series.heading.study_datetime)


def _labelled(label: str, text: Text) -> Text:
    return lambda source: f"{label} {text(source)}"


_ACCESSION = _labelled("检查号", _of_heading("accession_number"))
_HOSPITAL = _of_heading("institution_name")

_OF_THE_STUDY: tuple[Line, ...] = (
    Line(Corner.TOP_LEFT, _name, _name),
    Line(Corner.TOP_LEFT, _labelled("ID", _of_heading("patient_id")), None),
    Line(Corner.TOP_LEFT, _sex_and_age, _sex_and_age),
    Line(Corner.TOP_LEFT, _ACCESSION, _ACCESSION),
    Line(Corner.TOP_LEFT, _side, _side),
    Line(Corner.TOP_RIGHT, _HOSPITAL, _HOSPITAL),
    Line(Corner.TOP_RIGHT, _of_heading("study_description"), None),
    Line(Corner.TOP_RIGHT, _date, _date),
    Line(Corner.TOP_RIGHT, _equipment, None),
)

LINES: tuple[Line, ...] = (
    *_OF_THE_STUDY,
    Line(Corner.BOTTOM_LEFT, _series_line, None),
    Line(Corner.BOTTOM_LEFT, _image_line, _image_line),
    Line(Corner.BOTTOM_LEFT, _slice_line, _phone_slice, _SLICES),
    Line(Corner.BOTTOM_LEFT, _ct_line, _phone_ct, ("CT",)),
    Line(Corner.BOTTOM_LEFT, _x_ray_line, _x_ray_line, _PROJECTION),
    Line(Corner.BOTTOM_LEFT, _mr_line, _phone_mr, ("MR",)),
    Line(Corner.BOTTOM_LEFT, _matrix_line, None),
    Line(Corner.BOTTOM_RIGHT, _turn_line, _turn_line),
    Line(Corner.BOTTOM_RIGHT, _zoom_line, _zoom_line),
    Line(Corner.BOTTOM_RIGHT, _window_line, _window_line),
)

# A reformat is no image of the series: its plane, place and slab stand instead of an image number.
REFORMAT_LINES: tuple[Line, ...] = (
    *_OF_THE_STUDY,
    Line(Corner.BOTTOM_LEFT, _series_line, None),
    Line(Corner.BOTTOM_LEFT, _reformat_name, _reformat_name),
    Line(Corner.BOTTOM_LEFT, lambda source: source.place, lambda source: source.place),
    Line(Corner.BOTTOM_LEFT, lambda source: source.slab, lambda source: source.slab),
    Line(Corner.BOTTOM_LEFT, _ct_line, None, ("CT",)),
    Line(Corner.BOTTOM_LEFT, _mr_line, None, ("MR",)),
    Line(Corner.BOTTOM_RIGHT, _values, _values),
    Line(Corner.BOTTOM_RIGHT, _turn_line, _turn_line),
    Line(Corner.BOTTOM_RIGHT, _zoom_line, _zoom_line),
    Line(Corner.BOTTOM_RIGHT, _window_line, _window_line),
)


def _is_tiny(source: CornerSource) -> bool:
    """Tell whether a pane has no room for words; the first tile names the study for the others."""
    canvas = source.canvas
    further = source.pane.tile.number > 0
    return further or canvas.width < _LEAST_WIDTH or canvas.height < _LEAST_HEIGHT


def corner_text(
    source: CornerSource, *, zoom: bool = True, lines: tuple[Line, ...] = LINES
) -> CornerText:
    """Return the lines of all four corners, the short ones on a narrow pane.

    Without `zoom` its line is left out, where the size on the screen is not known. A reformat too
    small for words keeps only what tells it from the others; the study is named in the large one.
    """
    if source.small:
        return CornerText(bottom_left=(source.name,))
    if _is_tiny(source):
        number = _reformat_name(source) if source.name else _image_line(source)
        return CornerText(bottom_left=(number,))
    if source.pane.tile.count > 1 and source.canvas.width < _TILE_WIDTH:
        return CornerText((_name(source),), (), (_image_line(source),), (_window_line(source),))
    narrow = source.canvas.width < PHONE_WIDTH
    texts: dict[Corner, list[str]] = {corner: [] for corner in Corner}
    for line in lines:
        build = line.phone if narrow else line.desktop
        fits = not line.modalities or source.series.modality in line.modalities
        if build is None or not fits or (build is _zoom_line and not zoom):
            continue
        text = build(source)
        if text:
            texts[line.corner].append(text)
    return CornerText(**{str(corner): tuple(lines) for corner, lines in texts.items()})
