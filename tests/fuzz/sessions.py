"""What a page may send to the worker: messages, gestures, frames and manifests in any order."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.messages import Start
from viewer_py.browser.painters import NumpyPainter
from viewer_py.browser.session import Session
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest, StudyHeading, to_json
from viewer_py.scene.model import Rectangle
from viewer_py.view.command import Argument
from viewer_py.view.commands import COMMANDS
from viewer_py.view.keys import KEYS
from viewer_py.view.state import SeriesEntry

ROWS, COLUMNS, FRAMES = 8, 10, 12
_ABSURD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 1.5, 1e308, -1e308, 10**400, "", "x", "a", [], {}, [1], {"x": 1},
)  # fmt: skip
_STATUS = (0, 200, 200, 200, 404, 500, 503, 410)
_PLACES = (0.0, 1.0, 20.0, 45.5, 90.0, -5.0, 1e9)


def inputs(first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield lists of 40 messages as JSON."""
    for number in range(first, first + count):
        chance = random.Random(f"session {number}")
        yield number, json.dumps([_message(chance) for _ in range(40)]).encode()


def _message(chance: random.Random) -> Any:
    kind = chance.randrange(12)
    if kind < 5:
        return _command(chance)
    if kind < 7:
        events = [_pointer(chance) for _ in range(chance.randint(1, 6))]
        return {"type": "pointer", "events": events}
    if kind == 7:
        wheel = {name: chance.choice(_PLACES) for name in ("x", "y", "delta")}
        return {"type": "wheel", **wheel, "ctrl": chance.random() < 0.3}
    if kind == 8:
        return {"type": "key", "key": chance.choice((*KEYS, "Escape", "é", "F13"))}
    if kind == 9:
        return {"type": "state", "id": chance.choice((1, "x", None))}
    if kind == 10:
        return {"host": chance.choice(list(_HOST)), "number": chance.randrange(FRAMES + 2)}
    names = ("type", "id", "name", "args", "events", "key", "x", "kind", "delta")
    fields = {chance.choice(names): chance.choice(_ABSURD) for _ in range(3)}
    return {"type": chance.choice(("command", "pointer", "wheel", "key", "state", 7)), **fields}


def _command(chance: random.Random) -> dict[str, Any]:
    command = chance.choice(COMMANDS)
    if command.choices and chance.random() < 0.4:
        args = dict(chance.choice(command.choices).args)
    else:
        args = {one.name: _argument(chance, one) for one in command.arguments}
    if chance.random() < 0.1:
        args[chance.choice(("x", "frame", "nonsense"))] = chance.choice(_ABSURD)
    return {"type": "command", "id": chance.choice((1, None)), "name": command.name, "args": args}


def _argument(chance: random.Random, argument: Argument) -> Any:
    if chance.random() < 0.15:
        return chance.choice(_ABSURD)
    if argument.type is str:
        return chance.choice((*argument.allowed, "a", "b"))
    if argument.name in ("width", "height", "pixel_ratio") and chance.random() < 0.9:
        return chance.choice((1, 2, 60, 200))  # a screen of 8K takes its time, and that is no fault
    low, high = max(argument.minimum, -1e6), min(argument.maximum, 1e6)
    value = chance.choice((low, high, chance.uniform(low, high), 0, 1, 2))
    return int(value) if argument.type is int else value


def _pointer(chance: random.Random) -> dict[str, Any]:
    event: dict[str, Any] = {
        "kind": chance.choice(("down", "move", "move", "move", "up", "cancel")),
        "pointer_id": chance.randrange(3),
        "x": chance.choice(_PLACES),
        "y": chance.choice(_PLACES),
        "button": chance.randrange(4),
        "touch": chance.random() < 0.5,
        "time": chance.randrange(3000),
    }
    if chance.random() < 0.05:
        event[chance.choice(list(event))] = chance.choice(_ABSURD)
    return event


def _no_number(constant: str) -> None:
    raise AssertionError(f"{constant} cannot be drawn")


class Page:
    """Everything that a session asks its browser for."""

    def __init__(self) -> None:
        self.time = 0.0
        self.request = 0
        self.opened = ""
        self.asked: list[str] = []
        self.said: list[str] = []

    def now(self) -> float:
        self.time += 0.01
        return self.time

    def post(self, message: Mapping[str, Any]) -> None:
        # The page reads it with JSON.parse, which knows no NaN.
        self.said.append(str(message["type"]))
        json.dumps(message, allow_nan=False)
        if message["type"] == "undrawable":  # the reader would see a black pane, with words
            raise AssertionError(str(message["detail"]).strip().splitlines()[-1])

    def fetch_manifest(self, series_id: str) -> None:
        self.asked.append(series_id)

    def open_stream(self, series_id: str, request: int, query: str) -> None:
        self.opened, self.request = series_id, request

    def coming(self, series_id: str) -> list[int]:
        return []

    def draw_shapes(self, shapes: str, width: int, height: int, pixel_ratio: float) -> None:
        json.loads(shapes, parse_constant=_no_number)

    def request_tick(self) -> None: ...
    def close_stream(self) -> None: ...
    def call_later(self, seconds: float) -> None: ...
    def fetch_overlays(self, series_id: str) -> None: ...
    def fetch_studies(self) -> None: ...
    def serve_from(self, series_id: str, base: str) -> None: ...
    def save_picture(self, request: str) -> None: ...
    def put_lens(self, pixels: np.ndarray[Any, Any]) -> None: ...


class Canvas:
    """A canvas of any size that forgets what is put on it."""

    def resize(self, width: int, height: int) -> bool:
        return False

    def put(self, pixels: np.ndarray[Any, Any], area: Rectangle) -> None: ...


def _series(series_id: str, modality: str) -> SeriesManifest:
    frames = tuple(
        FrameAttributes(
            sop_instance_uid=f"1.2.{index}",
            frame_number=1,
            rows=ROWS,
            columns=COLUMNS,
            signed=True,
            instance_number=index + 1,
            smallest_value=-10,
            largest_value=500,
            rescale_slope=2.0,
            image_position_patient=(0.0, 0.0, 2.0 * index),
            image_orientation_patient=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
            pixel_spacing=(1.5, 1.0),
            frame_of_reference_uid="1.2.9",
        )
        for index in range(FRAMES)
    )
    heading = StudyHeading(patient_name="某^人")
    return SeriesManifest(
        series_id, f"1.2.{series_id}", modality, heading, frames, frame_of_reference_uid="1.2.9"
    )


SERIES = {"a": _series("a", "CT"), "b": _series("b", "PT")}
STUDIES = [
    {
        "study_id": "before",
        "base": "/studies/before",
        "institution": "另一家医院",
        "study_date": "20250101",
        "study_datetime": "2025-01-01T08:00:00",
        "modality": "CT",
        "description": "胸部",
        "series": [{"series_id": "c", "modality": "CT", "frame_count": FRAMES}],
    }
]


def _fill(memory: np.ndarray[Any, Any]) -> None:
    memory[:] = np.arange(memory.size) % 251


def _manifest(session: Session, page: Page, number: int) -> None:
    series_id = page.asked.pop() if page.asked else "a"
    status = _STATUS[number % len(_STATUS)]
    session.manifest_arrived(series_id, status, to_json(SERIES.get(series_id, SERIES["a"])))


def _frames(session: Session, page: Page, number: int) -> None:
    for index in range(number):
        session.frame_arrived(page.request, index, ROWS * COLUMNS * 2, _fill)


def _wrong_frame(session: Session, page: Page, number: int) -> None:
    session.frame_arrived(page.request, number, number * 7, _fill)
    session.frame_arrived(page.request + 1, number, ROWS * COLUMNS * 2, _fill)


def _failed_frame(session: Session, page: Page, number: int) -> None:
    session.frame_failed(page.request, number)


def _end_of_stream(session: Session, page: Page, number: int) -> None:
    session.stream_ended(page.request, _STATUS[number % (len(_STATUS) - 1)])


def _studies(session: Session, page: Page, number: int) -> None:
    text = (json.dumps({"studies": STUDIES}), "{", "[]", '{"studies": [{}]}')[number % 4]
    session.studies_arrived(_STATUS[number % len(_STATUS)], text)


_HOST: dict[str, Callable[[Session, Page, int], None]] = {
    "manifest": _manifest,
    "frames": _frames,
    "wrong frame": _wrong_frame,
    "failed frame": _failed_frame,
    "end": _end_of_stream,
    "studies": _studies,
    "woken": lambda session, _page, _number: session.woken(),
    "tick": lambda session, _page, _number: session.tick(),
    "context lost": lambda session, _page, _number: session.context_lost(),
}


def judge(data: bytes) -> str:
    """Let a session live through the messages: each is carried out or refused in words."""
    page = Page()
    catalogue = tuple(SeriesEntry(one.series_id, one.modality, FRAMES) for one in SERIES.values())
    start = Start(catalogue, "a", 3, 90, 60, 1, touch=True, gigabytes=None)
    session = Session(page, start, FrameStore(1 << 16), NumpyPainter(Canvas()), None)
    _manifest(session, page, 1)
    _frames(session, page, FRAMES)
    for message in json.loads(data):
        if "host" in message:
            _HOST[message["host"]](session, page, message["number"])
        else:
            session.receive(message)
        session.tick()
        json.dumps(session.report(), allow_nan=False)
    return "lived through"
