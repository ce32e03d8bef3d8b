"""What a reader has switched on besides the panes themselves: tiles, lens, lines, links, cine."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from viewer_py.dicom.manifest import Vector3


@dataclass(frozen=True)
class Tile:
    """A pane's place among the tiles of one series: `number` of `columns` × `rows`, from 0.

    The tiles of a series are panes that follow each other and show consecutive images; a pane that
    is no tile is the only one of one.
    """

    columns: int = 1
    rows: int = 1
    number: int = 0

    @property
    def count(self) -> int:
        """Return how many tiles the series has."""
        return self.columns * self.rows


@dataclass(frozen=True)
class Lens:
    """The magnifier (放大镜): shows what lies under (`x`, `y`), CSS pixels of the reading area.

    `beside` keeps it off that point, for a finger would cover it. It is seen while `shown`.
    """

    shown: bool = False
    x: float = 0.0
    y: float = 0.0
    beside: bool = False
    factor: float = 2.0
    round: bool = True


@dataclass(frozen=True)
class ReferenceLines:
    """Localiser lines (定位线): the active image in the others, its series' ends, and a point.

    `point` (LPS, mm, in `frame_of_reference_uid`) is what was last pointed at.
    """

    shown: bool = False
    ends: bool = False
    point: Vector3 | None = None
    frame_of_reference_uid: str = ""


@dataclass(frozen=True)
class Anchor:
    """Which image a pane showed when the panes were linked: what belongs together by hand."""

    pane: int
    series_id: str
    frame_index: int


@dataclass(frozen=True)
class Linking:
    """What the panes do together; `anchors` as they were when scrolling was linked.

    `by_hand`: it was the reader who laid side by side what has no common frame of reference.
    """

    scroll: bool = False
    zoom: bool = False
    window: bool = False
    anchors: tuple[Anchor, ...] = ()
    by_hand: bool = False


class PlayDirection(enum.StrEnum):
    """Which way cine goes."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"  # to and fro


@dataclass(frozen=True)
class Playback:
    """How cine plays: which way, between which images (from 0, None: the ends).

    `returning`: to-and-fro is on its way back.
    """

    direction: PlayDirection = PlayDirection.FORWARD
    first: int | None = None
    last: int | None = None
    returning: bool = False


# How a reading begins.
ONE_TILE = Tile()
NO_LENS = Lens()
NO_LINES = ReferenceLines()
NO_LINKS = Linking()
PLAYBACK = Playback()
