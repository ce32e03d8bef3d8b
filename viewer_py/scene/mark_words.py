"""The words that stand beside a mark on the image: what matters, in few lines."""

from __future__ import annotations

from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.measure.model import Measurement, Result
from viewer_py.measure.wording import number_text, result_text

# What the list tells, and the image has no room for.
_IN_THE_LIST = frozenset({"pixels", "circumference", "supplement", "heart", "chest", "deviation"})
_BARE = {AnnotationKind.LENGTH, AnnotationKind.ANGLE}  # their one number says what it is


def box_lines(annotation: Annotation, measurement: Measurement) -> tuple[str, ...]:
    """Return the lines beside an annotation: its name, its numbers, what to know of them."""
    name = (annotation.text,) if annotation.text else ()
    numbers = tuple(
        _line(annotation, one, measurement)
        for one in measurement.results
        if one.name not in _IN_THE_LIST
    )
    return (*name, *numbers, *(words.chinese for words in measurement.warnings))


def _line(annotation: Annotation, result: Result, measurement: Measurement) -> str:
    if annotation.kind in _BARE and result.value is not None and not result.note:
        worth = f"（{result.calibration.chinese}）" if result.calibration else ""
        return f"{number_text(result)}{worth}"
    if result.name == "mean" and result.value is not None:
        return _mean(result, measurement)
    return result_text(result)


def _mean(result: Result, measurement: Measurement) -> str:
    """Return mean and standard deviation in one line."""
    spread = next(
        (
            one
            for one in measurement.results
            if one.name == "deviation" and one.modality == result.modality
        ),
        None,
    )
    text = result_text(result)
    if spread is None or spread.value is None:
        return text
    number = number_text(result)
    bare = number_text(spread).removesuffix(result.unit).rstrip()
    both = number.removesuffix(result.unit).rstrip() + f" ± {bare} {result.unit}".rstrip()
    return text.replace(number, both, 1)
