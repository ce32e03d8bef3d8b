"""What a reader is told to do next while something is drawn, "中文 / English"."""

from __future__ import annotations

from viewer_py.measure.annotation import AnnotationKind
from viewer_py.view.state import ViewerState

_FIRST = {
    AnnotationKind.LENGTH: "拖动画线，或依次点按两端 / drag a line, or tap its two ends",
    AnnotationKind.RECTANGLE: "从一角拖到对角 / drag from corner to corner",
    AnnotationKind.ELLIPSE: "从一角拖到对角 / drag from corner to corner",
    AnnotationKind.CIRCLE: "从圆心向外拖动 / drag from the centre outwards",
    AnnotationKind.ANGLE: "先画一边：从端点拖到顶点 / drag one side from its end to the vertex",
    AnnotationKind.COBB: "沿上端椎上缘画第一条线 / draw the first line along the upper end plate",
    AnnotationKind.FREEHAND: "按住描画；回到起点即成面积 / draw; back at the start it is an area",
    AnnotationKind.PROBE: "点按要读数的位置 / tap the place to read",
    AnnotationKind.ARROW: "从所指之处拖开 / drag away from what it points at",
    AnnotationKind.TEXT: "点按所指之处，再输入文字 / tap the place, then type the words",
}
_SECOND = {
    AnnotationKind.LENGTH: "点按另一端 / tap the other end",
    AnnotationKind.RECTANGLE: "点按对角 / tap the opposite corner",
    AnnotationKind.ELLIPSE: "点按对角 / tap the opposite corner",
    AnnotationKind.CIRCLE: "点按圆周上一点 / tap a place on the circle",
    AnnotationKind.ARROW: "点按箭尾 / tap the tail",
}
_VERTEX = "点按顶点 / tap the vertex"
_OTHER_SIDE = "再定另一边的端点 / then the end of the other side"
_SECOND_LINE = "沿下端椎下缘画第二条线 / draw the second line along the lower end plate"
_COURSE = "逐点点按，双击结束 / tap point by point, double-tap to end"


def hint(state: ViewerState) -> str:
    """Return the words for the tool in hand; "" for one that was used already."""
    draft = state.annotations.draft
    kind = AnnotationKind(state.tool)
    begun = draft is not None and draft.kind is kind
    count = len(draft.placed) if draft is not None and begun else 0
    if kind is AnnotationKind.CARDIOTHORACIC:
        return _step(count)
    if draft is None or not begun:
        known = any(one.kind is kind for one in state.annotations.items)
        return "" if known else _FIRST.get(kind, "")
    if draft.pressed:
        return ""
    if kind is AnnotationKind.ANGLE:
        return _VERTEX if count == 1 else _OTHER_SIDE
    if kind is AnnotationKind.COBB:
        return _SECOND_LINE if count == 2 else _SECOND[AnnotationKind.LENGTH]
    return _COURSE if kind is AnnotationKind.FREEHAND else _SECOND.get(kind, "")


def _step(count: int) -> str:
    from viewer_py.measure.cardiothoracic import STEPS

    if count >= len(STEPS):
        return ""
    words = STEPS[count]
    number = f"{count + 1}/{len(STEPS)}"
    return f"{number} {words.chinese} / {number} {words.english}"
