"""Why annotations are not taken."""

from __future__ import annotations

from viewer_py.measure.model import Words


class AnnotationsRefused(ValueError):  # noqa: N818 - reads as what happened
    """These annotations do not fit the study, or are none; `words` say why."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese} / {english}")
        self.words = Words(chinese, english)


class StaleRevision(Exception):  # noqa: N818 - reads as what happened
    """Somebody saved since: `revision` is what is kept now, and nothing was changed."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"revision {revision} is kept")
        self.revision = revision
