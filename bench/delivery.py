"""Frames on their way: which lossless form is best, and how many images a second arrive.

    python -m bench.delivery forms [FOLDER …]   bytes and decoding time of every form
    python -m bench.delivery stream [--home H]  a 512×512 CT from the product into the viewer
    python -m bench.delivery server [--home H]  the same from the server alone, over loopback (G-09)

`forms` takes DICOM files of folders (without one: the demo's), a few frames a modality, and decodes
them as the viewer does. Times are processor time, so that other work on the machine hardly counts.
`stream` opens a series in a real browser and counts from the request of its stream to the last
frame in Python's memory; beside images a second it prints the processor time of an image.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import requests
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright
from pydicom import dcmread

from bench import product
from bench.browser import SOFTWARE_GL, chromium
from bench.line import Line, slow_way
from bench.synthetic import add_ct
from portal.study.viewer_page import CODECS
from server import settings as settings_module
from server.assets.catalog import AssetCatalog
from server.assets.node import run_node
from server.demo import catalogue
from server.demo.files import write_plans
from server.imaging.decode import has_frames
from server.imaging.frames import SourceFrame, source_frames
from viewer_py.dicom.pack import HEAD, FrameCodec, FrameRecord, read_head, wire_dtype

ROOT = Path(__file__).resolve().parent.parent
FRAMES = 8
REPEATS = 3
DECODERS = 2  # workers that decode at the same time
LINES = {"20 Mbit/s": 20e6, "1 Gbit/s": 1e9}
SLOW = 4.0  # how much slower a phone decodes

Encode = Callable[[NDArray[np.generic]], bytes]


@dataclass(frozen=True)
class Form:
    """A way to write a frame."""

    name: str
    codec: FrameCodec | None
    encode: Encode


def _jpeg_ls(values: NDArray[np.generic]) -> bytes:
    # Its numbers have no sign; the two's complement bits are what is written.
    return bytes(imagecodecs.jpegls_encode(values.view(f"u{values.itemsize}")))


FORMS = (
    Form("htj2k", FrameCodec.HTJ2K, lambda a: bytes(imagecodecs.htj2k_encode(a, reversible=True))),
    Form("jpeg-ls", FrameCodec.JPEG_LS, _jpeg_ls),
    Form(
        "jpeg2000",
        FrameCodec.JPEG_2000,
        lambda a: bytes(imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True)),
    ),
    Form("gzip", None, lambda a: bytes(imagecodecs.gzip_encode(a.tobytes(), level=6))),
    Form("br", None, lambda a: bytes(imagecodecs.brotli_encode(a.tobytes(), level=5))),
    Form("zstd", None, lambda a: bytes(imagecodecs.zstd_encode(a.tobytes(), level=9))),
    Form("raw", None, lambda a: a.tobytes()),
)


@dataclass(frozen=True)
class Measured:
    """What a form costs, a frame."""

    form: str
    byte_count: float
    decode_ms: float

    def frame_ms(self, bits_a_second: float, slow: float = 1.0) -> float:
        """Return the time from the first byte of one frame to its pixels."""
        return self._line_ms(bits_a_second) + self.decode_ms * slow

    def series_ms(self, bits_a_second: float, slow: float = 1.0) -> float:
        """Return the time a frame of a long series takes: line and decoders work side by side."""
        return max(self._line_ms(bits_a_second), self.decode_ms * slow / DECODERS)

    def _line_ms(self, bits_a_second: float) -> float:
        return self.byte_count * 8 / bits_a_second * 1000


def frames_by_modality(folders: list[Path]) -> dict[str, list[SourceFrame]]:
    """Return a few frames of each modality, evenly from all the files."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        dataset = dcmread(path, force=True, stop_before_pixels=True)
        if dataset.get("Rows"):
            found[str(dataset.get("Modality"))].append(path)
    return {
        modality: frames
        for modality, paths in sorted(found.items())
        if (frames := list(_some_frames(paths[:: max(len(paths) // FRAMES, 1)])))
    }


def _some_frames(paths: list[Path]) -> Iterator[SourceFrame]:
    left = FRAMES
    for path in paths:
        dataset = dcmread(path, force=True)
        for source in source_frames(dataset) if has_frames(dataset) else ():
            if not isinstance(source, SourceFrame) or not left:
                break
            left -= 1
            yield source


def measure_forms(frames: list[SourceFrame], folder: Path) -> list[Measured]:
    """Encode the frames in every form and decode them as the viewer does."""
    arrays = [np.ascontiguousarray(one.stored, dtype=wire_dtype(one.attributes)) for one in frames]
    written: list[tuple[Form, list[Path]]] = []
    for form in FORMS:
        files = []
        for number, array in enumerate(arrays):
            files.append(folder / f"{form.name}-{number}")
            files[-1].write_bytes(form.encode(array))
        written.append((form, files))
    catalog = AssetCatalog(settings_module.load().assets_dir)
    work = {
        "addresses": {
            name: {
                "script": str(catalog.find(f"codecs/{name}.mjs").path),
                "wasm": str(catalog.find(f"codecs/{name}.wasm").path),
            }
            for name in CODECS
        },
        "jobs": [
            {
                "form": form.name,
                "codec": None if form.codec is None else int(form.codec),
                "files": [str(path) for path in files],
            }
            for form, files in written
        ],
        "repeats": REPEATS,
    }
    (folder / "jobs.json").write_text(json.dumps(work))
    times = json.loads(run_node([ROOT / "bench" / "decode.mjs", ROOT, folder / "jobs.json"]))
    return [
        Measured(form.name, sum(path.stat().st_size for path in files) / len(files), ms)
        for (form, files), ms in zip(written, times, strict=True)
    ]


def forms(options: argparse.Namespace) -> None:
    """Print a table a modality, and which form wins where."""
    with tempfile.TemporaryDirectory(prefix="yingyun-forms-") as name:
        folders = options.folders
        if not folders:
            folders = [Path(name) / "demo"]
            studies = (catalogue.current_ct(), catalogue.follow_up_mr())
            studies += (catalogue.chest_dx(), catalogue.heart_us())
            write_plans([plan for study in studies for plan in study.series], folders[0])
        for modality, frames in frames_by_modality(folders).items():
            shape = frames[0].stored.shape
            print(f"\n{modality}: {len(frames)} frames, {' × '.join(map(str, shape))}")
            _print_forms(measure_forms(frames, Path(name)))


def _print_forms(measured: list[Measured]) -> None:
    columns = [(line, slow) for line in LINES for slow in (1.0, SLOW)]
    heads = [f"{line}{'' if slow == 1 else ' ÷4'}" for line, slow in columns]
    print(f"{'ms a frame':10}{'kB':>8}{'decode':>8}" + "".join(f"{head:>22}" for head in heads))
    print(f"{'':26}" + f"{'first / of a series':>22}" * len(heads))
    for one in measured:
        cells = "".join(
            f"{one.frame_ms(LINES[line], slow):>13.1f} /{one.series_ms(LINES[line], slow):>7.1f}"
            for line, slow in columns
        )
        print(f"{one.form:10}{one.byte_count / 1000:>8.1f}{one.decode_ms:>8.2f}{cells}")
    for (line, slow), head in zip(columns, heads, strict=True):
        first = min(measured, key=lambda one: one.frame_ms(LINES[line], slow))
        series = min(measured, key=lambda one: one.series_ms(LINES[line], slow))
        print(f"  {head}: {first.form} for one frame, {series.form} for a series")


def _ticks(group: int) -> float:
    """Return the processor seconds of all processes of a group so far."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def stream(options: argparse.Namespace) -> None:
    """Print images a second into the viewer's memory, at full speed and over a slow line."""
    with product.data_home(options.home) as home:
        series_id = add_ct(home, options.slices)
        with product.running(home, "胸部CT平扫", options.chromium) as running:
            for megabits in (None, options.mbit):
                with slow_way(Line(megabits, 0.02), running.port) as slow:
                    address = running.address if megabits is None else slow
                    for _ in range(options.repeats):
                        print(_one_stream(running, address, series_id, options, megabits))


def _one_stream(
    running: product.Product,
    address: str,
    series_id: str,
    options: argparse.Namespace,
    megabits: float | None,
) -> str:
    with (
        sync_playwright() as playwright,
        chromium(options.chromium, SOFTWARE_GL) as (debugging, group),
    ):
        context = playwright.chromium.connect_over_cdp(debugging).contexts[0]
        context.add_cookies(running.cookies)
        page = context.new_page()
        begun: list[tuple[float, float]] = []
        page.on(
            "request",
            lambda request: (
                "/frames?" in request.url and begun.append((time.monotonic(), _ticks(group)))
            ),
        )
        query = f"confirmed=1&renderer=numpy&series={series_id}"
        page.goto(f"{address}/studies/{running.study_id}/dicom?{query}")
        _wait_for_mark(page, "series-loaded")
        seconds = time.monotonic() - begun[1][0]
        processor = _ticks(group) - begun[1][1]
    line = "loopback" if megabits is None else f"{megabits:g} Mbit/s"
    count = options.slices - 1  # the opening frame came before
    return (
        f"{line:12} {count / seconds:6.0f} images/s, {1000 * processor / count:5.1f} ms of "
        f"processor time an image in the browser, load {os.getloadavg()[0]:.1f}"
    )


def server(options: argparse.Namespace) -> None:
    """Print images a second that the server gives, from the request to the last byte."""
    with product.data_home(options.home) as home:
        series_id = add_ct(home, options.slices)
        with product.running(home, "胸部CT平扫", options.chromium) as running:
            asking = requests.Session()
            asking.cookies.update({one["name"]: one["value"] for one in running.cookies})
            query = f"around=0&wanted=0-{options.slices - 1}"
            path = f"/studies/{running.study_id}/series/{series_id}/frames?{query}"
            for _ in range(options.repeats):
                begun = time.monotonic()
                answer = asking.get(running.address + path, timeout=60)
                seconds = time.monotonic() - begun
                answer.raise_for_status()
                count = sum(1 for _ in _records(answer.content))
                print(
                    f"{count} images, {count / seconds:6.0f} images/s, "
                    f"{len(answer.content) / seconds / 1e6:5.0f} MB/s, "
                    f"load {os.getloadavg()[0]:.1f}"
                )


def _records(pack: bytes) -> Iterator[FrameRecord]:
    """Yield the heads of a pack of frames."""
    at = 0
    while at < len(pack):
        head = read_head(pack[at : at + HEAD.size])
        yield head
        at += HEAD.size + head.payload_length


def _wait_for_mark(page: Page, name: str, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not page.evaluate(f"performance.getEntriesByName('yingyun:{name}').length"):
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        time.sleep(0.02)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("forms")
    one.add_argument("folders", nargs="*", type=Path)
    one.set_defaults(run=forms)
    streamed = argparse.ArgumentParser(add_help=False)
    streamed.add_argument("--home", type=Path)
    streamed.add_argument("--slices", type=int, default=200)
    streamed.add_argument("--repeats", type=int, default=3)
    streamed.add_argument("--chromium", default="chromium")
    two = commands.add_parser("stream", parents=[streamed])
    two.add_argument("--mbit", type=float, default=100.0)
    two.set_defaults(run=stream)
    commands.add_parser("server", parents=[streamed]).set_defaults(run=server)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
