"""What the values of a series are called: HU, SUVbw, the units of the PET, or nothing."""

from __future__ import annotations

from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.measure.model import ValueUnit, Words
from viewer_py.volume.fusion import value_unit as stated_unit
from viewer_py.volume.suv import LABELS, suv_bw


def value_unit(series: SeriesManifest) -> ValueUnit:
    """Return the unit of the series' modality values, and the factor to it.

    PET has SUVbw where `viewer_py.volume.suv` allows it; else its own Units, with the reasons in
    words. CT has HU unless its Rescale Type says otherwise; what has no unit gets none.
    """
    if series.modality != "PT":
        return ValueUnit(stated_unit(series))
    scale = suv_bw(series)
    if scale.factors:
        return ValueUnit("SUVbw", scale.factors[0])
    labels = [LABELS[reason] for reason in scale.reasons]
    note = Words(
        "不能计算 SUV：" + "、".join(label.chinese for label in labels),
        "no SUV: " + "; ".join(label.english for label in labels),
    )
    return ValueUnit(stated_unit(series), note=note)
