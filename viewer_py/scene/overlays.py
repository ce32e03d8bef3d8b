"""The overlay planes of a frame as a layer of their own above it.

To a renderer it is one more image: a mask whose 0 is padding, transparent above another layer, and
whose 255 is white. So planes are zoomed, turned and inverted with the image below.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.scene.model import ImageLayer
from viewer_py.view.state import ViewerState

PREFIX = "overlays:"


def overlay_layers(state: ViewerState, image: ImageLayer) -> tuple[ImageLayer, ...]:
    """Return the layer of the planes over `image`; none when they are off, absent or to come."""
    frames = dict(state.overlay_frames).get(image.series_id, frozenset())
    if not state.shows_overlays or image.frame_index not in frames:
        return ()
    mask = FrameAttributes(
        sop_instance_uid=image.frame.sop_instance_uid,
        frame_number=image.frame.frame_number,
        rows=image.frame.rows,
        columns=image.frame.columns,
        bits_stored=8,
        pixel_padding_value=0,
        largest_value=255,
    )
    layer = replace(image, series_id=PREFIX + image.series_id, frame=mask)
    return (replace(layer, window=None, color_map="", filter=""),)
