"""The codes of the report: standard ones where there are any, our own under 99YINGYUN."""

from __future__ import annotations

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from viewer_py.measure.annotation import Annotation, AnnotationKind

SCHEME = "99YINGYUN"

KIND = Code("annotation-kind", SCHEME, "Kind of annotation")
PLANE_NORMAL = Code("plane-normal", SCHEME, "Unit normal of the plane (LPS)")
SLAB = Code("slab", SCHEME, "Projection and thickness (mm) of the slab")
COMMENT = codes.DCM.Comment
SERIES_UID = codes.DCM.SeriesInstanceUID
MEASUREMENT_GROUP = codes.DCM.MeasurementGroup
TRACKING_IDENTIFIER = codes.DCM.TrackingIdentifier
TRACKING_UID = codes.DCM.TrackingUniqueIdentifier
# An imaging procedure, of whichever kind: the report is of what was drawn, not of a protocol.
PROCEDURE = Code("363679005", "SCT", "Imaging")

_AREA = "freehand-area"
_KIND_MEANINGS: dict[str, str] = {
    **{kind.value: kind.value.capitalize() for kind in AnnotationKind},
    _AREA: "Freehand area",
}

# Name and derivation of each result (viewer_py.measure.wording.NAMES). The values of pixels are
# named by their unit, their statistics by the derivation (PS3.16 CID 7464).
SIZES: dict[str, Code] = {
    "length": codes.SCT.Length,
    "area": codes.SCT.Area,
    "circumference": codes.SCT.Perimeter,
    "diameter": codes.SCT.Diameter,
    "angle": codes.SCT.Angle,
    "cobb": codes.SCT.CobbAngle,
    "supplement": Code("supplement", SCHEME, "Supplement of the angle"),
    "ratio": Code("cardiothoracic-ratio", SCHEME, "Cardiothoracic ratio"),
    "heart": Code("heart-width", SCHEME, "Transverse width of the heart"),
    "chest": Code("inner-chest-width", SCHEME, "Inner width of the chest"),
    "pixels": Code("pixels", SCHEME, "Number of pixels"),
}
DERIVATIONS: dict[str, Code | None] = {
    "value": None,
    "mean": codes.SCT.Mean,
    "deviation": codes.SCT.StandardDeviation,
    "smallest": codes.SCT.Minimum,
    "largest": codes.SCT.Maximum,
}
_VALUES: dict[str, Code] = {
    "HU": codes.DCM.AttenuationCoefficient,
    "SUVbw": Code("126401", "DCM", "SUVbw"),
}
_PIXEL_VALUE = Code("pixel-value", SCHEME, "Modality value of pixels")

NO_UNITS = codes.UCUM.NoUnits
_UNITS: dict[str, Code] = {
    "mm": codes.UCUM.Millimeter,
    "mm²": codes.UCUM.SquareMillimeter,
    "px": Code("{pixels}", "UCUM", "pixels"),
    "px²": Code("{square pixels}", "UCUM", "square pixels"),
    "°": codes.UCUM.Degree,
    "HU": codes.UCUM.HounsfieldUnit,
    "SUVbw": codes.UCUM.StandardizedUptakeValueBodyWeight,
    "BQML": codes.UCUM.BecquerelsPerMilliliter,
    "CNTS": Code("{counts}", "UCUM", "counts"),
    "": NO_UNITS,
}


def name_code(name: str, unit: str) -> Code | None:
    """Return what a result is called in the report; None for one that has no place there."""
    if name in DERIVATIONS:
        return _VALUES.get(unit, _PIXEL_VALUE)
    return SIZES.get(name)


def unit_code(unit: str) -> Code:
    """Return the UCUM unit of a result; units of rare pictures (PET) are annotations of 1."""
    known = _UNITS.get(unit)
    return known or Code(f"{{{unit}}}", "UCUM", unit)


def kind_code(annotation: Annotation) -> Code:
    """Return the code of an annotation's kind; a closed freehand line has one of its own."""
    area = annotation.kind is AnnotationKind.FREEHAND and annotation.closed
    word = _AREA if area else annotation.kind.value
    return Code(word, SCHEME, _KIND_MEANINGS[word])


def kind_of(word: str) -> tuple[AnnotationKind, bool] | None:
    """Return the kind, and whether it is closed, of a code value; None for an unknown one."""
    if word == _AREA:
        return AnnotationKind.FREEHAND, True
    return (AnnotationKind(word), False) if word in set(AnnotationKind) else None
