"""What the study's templates are given: plain data, all addresses made."""

from __future__ import annotations

from dataclasses import dataclass

from portal.study.captions import Caption


@dataclass(frozen=True)
class SeriesTab:
    """One series in the navigation bar (B-10 … B-14); `why` says why it does not open.

    `refused` tells one that never will from one that is not ready yet.
    """

    name: str
    number: str
    modality_label: str
    frame_count: int
    href: str
    thumbnail_url: str
    current: bool
    why: str
    refused: bool


@dataclass(frozen=True)
class UnshownImages:
    """Images of the series that cannot be shown, and why, in the language of the page."""

    images: str
    reason: str


@dataclass(frozen=True)
class StudyLinks:
    """Where one can go from a study; empty where the door does not lead."""

    back: str
    pictures: str
    report: str
    share: str
    download: str
    dicom: str
    dicom_confirmed: str


@dataclass(frozen=True)
class StudyFrame:
    """What stands around every page of a study."""

    title: str
    subtitle: str
    cloud_index: str
    links: StudyLinks
    sensitive: bool = False


@dataclass(frozen=True)
class PicturesPage:
    """The JPG page: one frame of one series, and the way to all others."""

    study: StudyFrame
    series_name: str
    series_tabs: tuple[SeriesTab, ...]
    series_megabytes: str
    study_megabytes: str
    frame_index: int
    frame_count: int
    picture_url: str
    picture_address: str
    watermark_url: str
    captions_url: str
    caption: Caption
    previous_href: str
    next_href: str
    fast: bool
    mark_folded: bool
    fast_href: str
    unshown: tuple[UnshownImages, ...]
    unshown_count: int
