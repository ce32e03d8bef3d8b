"""What a film takes over from the pane that is read (C-39): the fields of server.film.options."""

from __future__ import annotations

from viewer_py.view.state import PaneKind, ViewerState


def film_request(state: ViewerState) -> dict[str, str]:
    """Return series, window and how the image lies, as the form of the film names them.

    A window that nobody chose is left out: each image then has its own. Films are turned by
    quarters, so a free rotation becomes the nearest one; planes of a reformation are not printed,
    of theirs only the window is taken.
    """
    pane = state.pane()
    if pane.series_id is None:
        return {}
    request = {"series": pane.series_id}
    if pane.window is not None:
        request |= {"center": f"{pane.window.center:.10g}", "width": f"{pane.window.width:.10g}"}
    flags = {"inverted": pane.inverted}
    if pane.kind is PaneKind.STACK:
        view = pane.viewport
        flags |= {"flip_horizontal": view.flip_horizontal, "flip_vertical": view.flip_vertical}
        quarter = round(view.rotation / 90.0) % 4 * 90
        request |= {"rotation": str(quarter)} if quarter else {}
    return request | {name: "1" for name, on in flags.items() if on}
