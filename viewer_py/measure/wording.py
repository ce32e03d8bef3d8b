"""A measurement in words: names, digits and units, as they stand beside a mark and in the list."""

from __future__ import annotations

from viewer_py.measure.model import Measurement, Result, Words

NAMES: dict[str, Words] = {
    "length": Words("长度", "Length"),
    "area": Words("面积", "Area"),
    "circumference": Words("周长", "Circumference"),
    "diameter": Words("直径", "Diameter"),
    "angle": Words("角度", "Angle"),
    "cobb": Words("COBB角", "Cobb angle"),
    "supplement": Words("补角", "Supplement"),
    "ratio": Words("心胸比", "Cardiothoracic ratio"),
    "heart": Words("心脏横径", "Heart width"),
    "chest": Words("胸廓内径", "Inner chest width"),
    "value": Words("像素值", "Value"),
    "mean": Words("平均值", "Mean"),
    "deviation": Words("标准差", "SD"),
    "smallest": Words("最小值", "Min"),
    "largest": Words("最大值", "Max"),
    "pixels": Words("像素数", "Pixels"),
}
CT_VALUE = Words("CT值", "CT value")
_WHOLE = frozenset({"pixels"})
# Digits behind the point, by unit; what has none here by name, else one.
_UNIT_DIGITS = {"mm": 1, "mm²": 1, "px": 1, "px²": 0, "°": 1, "SUVbw": 2, "HU": 1}


def name_of(result: Result) -> Words:
    """Return what a result is called; the value at a place in HU is the CT value."""
    return CT_VALUE if result.name == "value" and result.unit == "HU" else NAMES[result.name]


def number_text(result: Result) -> str:
    """Return number and unit, "" where there is no number: 12.3 mm, 0.48, -59 HU."""
    if result.value is None:
        return ""
    written = f"{result.value:.{_digits(result)}f}"
    if float(written) == 0.0:
        written = written.removeprefix("-")
    return f"{written}{'' if result.unit == '°' else ' '}{result.unit}".rstrip()


def result_text(result: Result, english: bool = False) -> str:
    """Return one result as a line: name, number, what its length is worth, its note."""

    def said(words: Words) -> str:
        return words.english if english else words.chinese

    number = number_text(result)
    remarks = [said(words) for words in (result.calibration, result.note) if words]
    behind = ("；" if not english else "; ").join(remarks)
    before = f"{result.modality} " if result.modality else ""
    head = f"{before}{said(name_of(result))}"
    if not number:
        return f"{head}{': ' if english else '：'}{behind}"
    bracketed = f" ({behind})" if english else f"（{behind}）"
    return f"{head} {number}{bracketed if behind else ''}"


def lines(measurement: Measurement, english: bool = False) -> tuple[str, ...]:
    """Return a measurement line by line, the warnings last."""
    warnings = tuple(one.english if english else one.chinese for one in measurement.warnings)
    return (*(result_text(one, english) for one in measurement.results), *warnings)


def _digits(result: Result) -> int:
    if result.name in _WHOLE:
        return 0
    if result.name == "ratio":
        return 2
    if result.name in ("value", "smallest", "largest") and result.unit == "HU":
        return 0
    if result.unit in _UNIT_DIGITS:
        return _UNIT_DIGITS[result.unit]
    # Values without a unit may be anything: as many digits as make four.
    size = abs(result.value or 0.0)
    return 3 if size < 1 else 2 if size < 10 else 1
