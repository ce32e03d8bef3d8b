"""Sets of style sheets that go out in one answer: each apart would cost a journey of its own.

They stay files of their own where they are written; a set has the address of a file beside them.
"""

from __future__ import annotations

SUFFIX = ".css"
_PREFIX = "css/set-"
SETS = {
    "portal": (
        "tokens",
        "base",
        "components",
        "notices",
        "menus",
        "states",
        "pages",
        "forms",
    ),
    "viewer": (
        "identity",
        "viewer",
        "viewer-stage",
        "viewer-panes",
        "viewer-controls",
        "viewer-aids",
        "viewer-unshown",
        "viewer-marks",
        "viewer-screens",
        "viewer-touch",
    ),
}


def set_name(name: str) -> str:
    """Return the address of a set within `static/`. Raises KeyError for one that is not there."""
    if name not in SETS:
        raise KeyError(f"no style sheets are called {name}")
    return f"{_PREFIX}{name}{SUFFIX}"


def members(address: str) -> tuple[str, ...]:
    """Return the files within `static/` that an address gives: itself, unless it is a set's."""
    name = address.removeprefix(_PREFIX).removesuffix(SUFFIX)
    if address != f"{_PREFIX}{name}{SUFFIX}" or name not in SETS:
        return (address,)
    return tuple(f"css/{sheet}{SUFFIX}" for sheet in SETS[name])
