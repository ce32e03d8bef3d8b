"""Several studies of one person in one reading area (历史检查, C-25).

Only the server says which studies are the same person's and may be seen; nothing here adds one that
it did not list.
"""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.view.entries import SeriesEntry


@dataclass(frozen=True)
class OtherStudy:
    """Another study of the person, as the server says that this reader may see it.

    `base` is the address below which its data are; `study_date` is "2025-10-09", `study_datetime`
    ISO with its offset.
    """

    study_id: str
    base: str
    institution: str
    study_date: str
    study_datetime: str
    modality: str
    description: str
    series: tuple[SeriesEntry, ...]


@dataclass(frozen=True)
class History:
    """The other studies: None while the server was not asked or has not answered.

    `shown` says whether their list is open, `wanted` that it is to be fetched. Series of the
    studies in `added` are in the catalogue. `pairing` names the study that is to be laid beside the
    current one as soon as its manifests are there.
    """

    shown: bool = False
    wanted: bool = False
    studies: tuple[OtherStudy, ...] | None = None
    added: tuple[str, ...] = ()
    pairing: str = ""

    def study(self, study_id: str) -> OtherStudy | None:
        """Return the listed study with this id, or None."""
        return next((one for one in self.studies or () if one.study_id == study_id), None)


NO_HISTORY = History()
