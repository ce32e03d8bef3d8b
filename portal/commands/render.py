"""`yingyun render`: the numpy renderer from the shell."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.errors import InvalidDicomError

from server.imaging.decode import DecodeError, stored_frames
from server.imaging.describe import frame_attributes
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels.voi import Window
from viewer_py.render.numpy_renderer import render_frame


def _frame(path: Path, index: int) -> tuple[NDArray[Any], FrameAttributes]:
    dataset = pydicom.dcmread(path, force=False)
    frames = zip(stored_frames(dataset), frame_attributes(dataset), strict=True)
    found = next(itertools.islice(frames, index, None), None)
    if found is None:
        raise click.BadParameter("没有这一帧 / there is no such frame", param_hint="--frame")
    stored, frame = found
    smallest, largest = int(stored.min()), int(stored.max())
    return stored, replace(frame, smallest_value=smallest, largest_value=largest)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--frame", "number", type=click.IntRange(1), default=1, show_default=True)
@click.option("--window", type=(float, float), help="窗位 窗宽 / centre and width")
def render(file: Path, out: Path, number: int, window: tuple[float, float] | None) -> None:
    """把一帧影像画成 PNG / Draw a frame of a DICOM file as PNG, at its default window."""
    try:
        stored, frame = _frame(file, number - 1)
    except (InvalidDicomError, DecodeError) as error:
        raise click.ClickException(f"无法读取影像 / cannot be read: {error}") from error
    chosen = Window(*window) if window else None
    Image.fromarray(render_frame(stored, frame, chosen)).save(out, format="PNG")
    click.echo(f"{out} {frame.columns} × {frame.rows}")
