"""Small series for tests, made by the same writers as the demo; each takes well under a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydicom.uid import UID

from server.demo import catalogue
from server.demo.catalogue import DemoStudy
from server.demo.dicom.ct import CtSeries, Reconstruction
from server.demo.dicom.dx import DxSeries
from server.demo.dicom.mr import MrSeries
from server.demo.dicom.pet import PetSeries
from server.demo.dicom.subjects import StudyHeader
from server.demo.dicom.us import UsSeries
from server.demo.files import SeriesPlan
from server.demo.phantom.frame import Anatomy


def _small(study: DemoStudy, make: Callable[[StudyHeader], tuple[SeriesPlan, ...]]) -> DemoStudy:
    header = replace(study.header, key=f"small-{study.header.key}")
    return replace(study, header=header, series=make(header))


def small_ct(
    slices: int = 12, size: int = 128, compression: UID | None = None, contrast: bool = False
) -> DemoStudy:
    """Return a chest CT: `slices` slices of `size`² over 240 mm, from the lung tips down."""
    study = catalogue.current_ct()
    spacing = 240 / slices
    made = Reconstruction(
        thickness=spacing, spacing=spacing, size=size, edge=2.5, windows=catalogue.LUNG_WINDOW
    )

    def make(header: StudyHeader) -> tuple[SeriesPlan, ...]:
        series = catalogue.ct_header("plain", 2, "胸部平扫", "CHEST", "胸部平扫")
        return (CtSeries(header, series, Anatomy(), slices, contrast, made, compression),)

    return _small(study, make)


def small_mr(slices: int = 4, size: int = 96) -> DemoStudy:
    """Return three orientations of a head, `slices` slices each, names in ISO 2022 IR 58."""
    study = catalogue.spouse_mr()

    def make(header: StudyHeader) -> tuple[SeriesPlan, ...]:
        return tuple(
            replace(plan, study=header, count=slices, size=size, spacing=120 / slices)
            for plan in study.series
            if isinstance(plan, MrSeries)
        )

    return _small(study, make)


def small_dx(columns: int = 96, rows: int = 104) -> DemoStudy:
    """Return one coarse chest radiograph."""
    study = catalogue.chest_dx()

    def make(header: StudyHeader) -> tuple[SeriesPlan, ...]:
        return tuple(
            replace(plan, study=header, columns=columns, rows=rows, ray_step=8.0)
            for plan in study.series
            if isinstance(plan, DxSeries)
        )

    return _small(study, make)


def small_emergency(columns: int = 96, rows: int = 104) -> DemoStudy:
    """Return one coarse radiograph that is urgent (C-41)."""
    study = catalogue.emergency_dx()
    return _small(
        study,
        lambda header: tuple(
            replace(plan, study=header, columns=columns, rows=rows, ray_step=8.0)
            for plan in study.series
            if isinstance(plan, DxSeries)
        ),
    )


def small_us(frames: int = 3) -> DemoStudy:
    """Return a colour loop of a few frames."""
    study = catalogue.heart_us()
    return _small(
        study,
        lambda header: tuple(
            replace(plan, study=header, frames=frames)
            for plan in study.series
            if isinstance(plan, UsSeries)
        ),
    )


def small_pet_ct(slices: int = 4) -> DemoStudy:
    """Return a PET and its CT in one space."""
    study = catalogue.parent_pet()
    spacing = 240 / slices

    def make(header: StudyHeader) -> tuple[SeriesPlan, ...]:
        plans: list[SeriesPlan] = []
        for plan in study.series:
            if isinstance(plan, CtSeries):
                made = replace(plan.reconstruction, size=64, spacing=spacing, thickness=spacing)
                plans.append(replace(plan, study=header, count=slices, reconstruction=made))
            elif isinstance(plan, PetSeries):
                plans.append(replace(plan, study=header, count=slices, size=32, spacing=spacing))
        return tuple(plans)

    return _small(study, make)


def small_draft() -> DemoStudy:
    """Return a study of the demo patient whose report is not reviewed (A-16)."""
    study = catalogue.follow_up_mr()

    def make(header: StudyHeader) -> tuple[SeriesPlan, ...]:
        return tuple(
            replace(plan, study=header, count=2, size=64)
            for plan in study.series
            if isinstance(plan, MrSeries)
        )

    return _small(study, make)


def small_stranger() -> DemoStudy:
    """Return a study of a person who is nobody's family."""
    study = catalogue.stranger_ct()

    def make(header: StudyHeader) -> tuple[SeriesPlan, ...]:
        return tuple(
            replace(
                plan, study=header, count=2, reconstruction=replace(plan.reconstruction, size=64)
            )
            for plan in study.series
            if isinstance(plan, CtSeries)
        )

    return _small(study, make)
