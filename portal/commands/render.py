"""`yingyun render`: the numpy renderer from the shell."""

from __future__ import annotations

import itertools
from pathlib import Path

import click
import pydicom
from PIL import Image
from pydicom.errors import InvalidDicomError

from server.imaging.decode import DecodeError
from server.imaging.frames import SourceFrame, source_frames
from viewer_py.dicom.manifest import RefusedObject
from viewer_py.pixels import pipeline
from viewer_py.pixels.modality import UnsupportedPixelsError
from viewer_py.pixels.voi import Window


def _frame(path: Path, index: int) -> SourceFrame:
    frames = source_frames(pydicom.dcmread(path, force=False))
    found = next(itertools.islice(frames, index, None), None)
    if found is None:
        raise click.BadParameter("没有这一帧 / there is no such frame", param_hint="--frame")
    if isinstance(found, RefusedObject):
        raise DecodeError(found.reason, found.message)
    return found


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--frame", "number", type=click.IntRange(1), default=1, show_default=True)
@click.option("--window", type=(float, float), help="窗位 窗宽 / centre and width")
def render(file: Path, out: Path, number: int, window: tuple[float, float] | None) -> None:
    """把一帧影像画成 PNG / Draw a frame of a DICOM file, its overlays on it, as PNG."""
    chosen = Window(*window) if window else None
    try:
        source = _frame(file, number - 1)
        picture = pipeline.display(source.stored, source.attributes, chosen, planes=source.overlays)
    except (InvalidDicomError, DecodeError, UnsupportedPixelsError) as error:
        raise click.ClickException(f"无法读取影像 / cannot be read: {error}") from error
    Image.fromarray(picture).save(out, format="PNG")
    click.echo(f"{out} {source.attributes.columns} × {source.attributes.rows}")
