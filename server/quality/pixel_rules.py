"""Rules over pixels: blank images, phantoms, missing slices, altered bytes, repetition."""

from __future__ import annotations

from collections.abc import Iterator

from server.quality.facts import FrameFacts, SeriesFacts, StudyFacts
from server.quality.thresholds import Thresholds

MOST_NAMED = 10


def valid_image(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:
    """I-01: no series of which too many frames are all black, all white or of any one value."""
    for series in facts.series:
        blank = [frame for frame in series.frames if _is_blank(frame, limits)]
        if blank and len(blank) >= limits.blank_frames * len(series.frames):
            count = f"{len(blank)}/{len(series.frames)}"
            yield (
                f"序列 {series.label}：{count} 帧为空白（全黑、全白或单一灰度） / "
                f"series {series.label}: {count} frames are blank (black, white or of one value)"
            )


def real_human(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:
    """I-02: no phantom by its words, no plain pattern, nothing as homogeneous as water."""
    for word in limits.phantom_words:
        if any(word in one.words for one in facts.objects):
            yield f"影像说明中有“{word}” / the header says “{word}”"
    for series in facts.series:
        seen = [frame for frame in series.frames if not _is_blank(frame, limits)]
        if seen and all(frame.distinct <= limits.distinct for frame in seen):
            yield (
                f"序列 {series.label}：灰度极少，似测试图案 / "
                f"series {series.label}: so few greys, like a test pattern"
            )
    homogeneous = [_is_homogeneous(series, limits) for series in facts.series]
    # One flat series is none: a diffusion image is as even as water, its neighbours are not.
    if True in homogeneous and False not in homogeneous:
        yield "各序列内部均匀，似质控水模 / as homogeneous inside as a water phantom"


def _is_homogeneous(series: SeriesFacts, limits: Thresholds) -> bool | None:
    """Whether the body is as even as water; None where that says nothing."""
    spreads = [frame.inner_spread for frame in series.frames if frame.inner_spread is not None]
    if series.modality not in limits.spread_modalities or not spreads:
        return None
    return max(spreads) < limits.inner_spread


def complete(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:  # noqa: ARG001
    """I-03: no number of an image and no slice is missing within a series."""
    for series in facts.series:
        missing = missing_numbers(facts, series)
        if missing:
            named = "、".join(str(number) for number in missing[:MOST_NAMED])
            more = "…" if len(missing) > MOST_NAMED else ""
            yield (
                f"序列 {series.label} 缺少影像号 {named}{more}（共 {len(missing)} 个） / "
                f"series {series.label} lacks {len(missing)} instance numbers: "
                f"{named.replace('、', ', ')}{more}"
            )
        if series.missing_slices:
            yield (
                f"序列 {series.label} 缺少 {series.missing_slices} 层 / "
                f"series {series.label} lacks {series.missing_slices} slices"
            )
        if series.unshown:
            yield (
                f"序列 {series.label} 有 {series.unshown} 幅影像无法读取 / "
                f"series {series.label} has {series.unshown} images that cannot be read"
            )


def missing_numbers(facts: StudyFacts, series: SeriesFacts) -> list[int]:
    """Return the instance numbers between first and last of a series that no object has."""
    known = {
        one.instance_number
        for one in facts.objects
        if one.series == series.label and one.instance_number is not None
    }
    # So wild a numbering (a date, a clock) says nothing of what is missing.
    if not known or max(known) - min(known) > 3 * len(known) + MOST_NAMED:
        return []
    return [number for number in range(min(known), max(known)) if number not in known]


def unaltered(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:  # noqa: ARG001
    """I-03: stored bytes are those whose SHA-256 was noted when they were received."""
    count = sum(one.altered for one in facts.objects)
    if count:
        yield f"{count} 个对象与接收时不一致 / {count} objects are not what was received"


def not_repeated(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:  # noqa: ARG001
    """I-05: no object has the pixels of an earlier one of another person."""
    if facts.repeated:
        yield (
            f"{facts.repeated} 幅影像的像素与他人已有影像相同 / "
            f"{facts.repeated} images have the very pixels of somebody else's earlier images"
        )


def _is_blank(frame: FrameFacts, limits: Thresholds) -> bool:
    return frame.minimum == frame.maximum or frame.dominating >= limits.dominating
