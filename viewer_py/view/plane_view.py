"""Where a plane of the patient lies in its pane: fit, sample grid, and from the screen and back.

The middle of the pane is the middle of the volume, brought onto the plane, plus the pan: so the
picture stands still while the cross-hair moves through it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer_py.dicom.geometry import dot
from viewer_py.dicom.manifest import Vector3
from viewer_py.view.fit import turn
from viewer_py.view.layout import Area, areas
from viewer_py.view.planes import box_center, extent, minus, plus
from viewer_py.view.state import Axes, Pane, PaneKind, Reformat, ViewerState, Viewport
from viewer_py.volume.model import SampleGrid, VolumeGeometry


@dataclass(frozen=True)
class PlaneView:
    """A plane in its area: device pixel (x, y), counted from the canvas's corner, its centre at
    +0.5, shows the point middle + (x − middle_x) · right / scale + (y − middle_y) · down / scale.

    `scale` is device pixels a mm.
    """

    area: Area
    middle: Vector3
    axes: Axes
    scale: float
    middle_x: float
    middle_y: float

    def to_patient(self, x: float, y: float) -> Vector3:
        """Return the point (LPS, mm) under device pixel coordinates."""
        across = plus(self.middle, self.axes[0], (x - self.middle_x) / self.scale)
        return plus(across, self.axes[1], (y - self.middle_y) / self.scale)

    def to_screen(self, point: Vector3) -> tuple[float, float]:
        """Return device pixel coordinates of a point, brought onto the plane along its normal."""
        away = minus(point, self.middle)
        return (
            self.middle_x + dot(away, self.axes[0]) * self.scale,
            self.middle_y + dot(away, self.axes[1]) * self.scale,
        )

    def direction_on_screen(self, direction: Vector3) -> tuple[float, float]:
        """Return the part of a direction that lies in the plane, (right, down)."""
        return dot(direction, self.axes[0]), dot(direction, self.axes[1])

    def grid(self) -> SampleGrid:
        """Return one sample a device pixel of the area."""
        right, down, normal = self.axes
        step = 1.0 / self.scale
        return SampleGrid(
            origin=self.to_patient(self.area.x + 0.5, self.area.y + 0.5),
            step_x=(right[0] * step, right[1] * step, right[2] * step),
            step_y=(down[0] * step, down[1] * step, down[2] * step),
            normal=normal,
            width=self.area.width,
            height=self.area.height,
        )


def plane_view(state: ViewerState, index: int) -> PlaneView | None:
    """Return how the plane or the rendering of pane `index` lies, or None where there is none."""
    reformat, pane = state.reformat, state.panes[index]
    area = areas(state).get(index)
    if reformat is None or area is None:
        return None
    geometry = state.geometry(reformat.series_id)
    if geometry is None:
        return None
    if pane.kind is PaneKind.PLANE:
        return _of_plane(state, reformat, geometry, pane, area)
    if pane.kind is PaneKind.RENDERING and reformat.rendering is not None:
        return _of_rendering(state, geometry, pane, reformat.rendering.axes, area)
    return None


def _of_plane(
    state: ViewerState, reformat: Reformat, geometry: VolumeGeometry, pane: Pane, area: Area
) -> PlaneView:
    axes = reformat.cross_hair.axes(pane.direction)
    center = box_center(geometry)
    depth = dot(minus(reformat.cross_hair.center, center), axes[2])
    # From the planes as they started, so that the size stays while the cross-hairs are turned.
    right, down, _ = reformat.home.axes(pane.direction)
    low_x, high_x = extent(geometry, right)
    low_y, high_y = extent(geometry, down)
    fit = _fit(high_x - low_x, high_y - low_y, area, pane.viewport.rotation)
    return _placed(state, pane.viewport, plus(center, axes[2], depth), axes, fit, area)


def _of_rendering(
    state: ViewerState, geometry: VolumeGeometry, pane: Pane, axes: Axes, area: Area
) -> PlaneView:
    # The diagonal fits, so that no direction cuts the volume off.
    sides = [extent(geometry, axis) for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    diagonal = math.sqrt(sum((high - low) ** 2 for low, high in sides))
    fit = min(area.width, area.height) / max(diagonal * 0.85, 1e-3)
    return _placed(state, pane.viewport, box_center(geometry), axes, fit, area)


def _fit(width: float, height: float, area: Area, rotation: float) -> float:
    """Return device pixels a mm so that width × height mm fit the area."""
    if rotation % 180 == 90:
        width, height = height, width
    return min(area.width / max(width, 1e-3), area.height / max(height, 1e-3))


def _placed(
    state: ViewerState, viewport: Viewport, middle: Vector3, axes: Axes, fit: float, area: Area
) -> PlaneView:
    ratio = state.canvas.pixel_ratio
    return PlaneView(
        area=area,
        middle=middle,
        axes=_seen(axes, viewport),
        scale=fit * viewport.zoom,
        middle_x=area.x + area.width / 2 + viewport.pan_x * ratio,
        middle_y=area.y + area.height / 2 + viewport.pan_y * ratio,
    )


def _seen(axes: Axes, viewport: Viewport) -> Axes:
    """Return what lies to the right and down on the screen after flips, then the rotation."""
    right, down, normal = axes
    if viewport.flip_horizontal:
        right = (-right[0], -right[1], -right[2])
    if viewport.flip_vertical:
        down = (-down[0], -down[1], -down[2])
    cosine, sine = turn(viewport.rotation)
    return (
        plus((right[0] * cosine, right[1] * cosine, right[2] * cosine), down, -sine),
        plus((right[0] * sine, right[1] * sine, right[2] * sine), down, cosine),
        normal,
    )
