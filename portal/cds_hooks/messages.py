"""What a CDS client sends (CDS Hooks 2.0, order hooks; FHIR R4 draft orders)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from portal.api.reminder_models import Comment, Index, ItemName, Term
from server.reminders import Order

_DICOM_CODES = frozenset(
    {"http://dicom.nema.org/resources/ontology/DCM", "urn:oid:1.2.840.10008.2.16.4"}
)
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Context(BaseModel):
    """The context of an order hook; further members are passed over."""

    userId: Reference  # noqa: N815 - as CDS Hooks spells it
    patientId: Reference  # noqa: N815
    encounterId: Reference = "-"  # noqa: N815
    selections: list[Reference] = []
    draftOrders: dict[str, Any]  # noqa: N815


class HookCall(BaseModel):
    """One call of a service."""

    hook: Annotated[str, StringConstraints(pattern=r"^order-(select|sign)$")]
    hookInstance: Reference  # noqa: N815
    context: Context


class Accepted(BaseModel):
    """A suggestion that was taken."""

    id: Index


class Coded(BaseModel):
    """The code of an override reason."""

    code: Term


class OverrideReason(BaseModel):
    """Why a card was overridden."""

    reason: Coded | None = None
    userComment: Comment = ""  # noqa: N815


class CardFeedback(BaseModel):
    """What became of one card."""

    card: Annotated[str, StringConstraints(max_length=64)]
    outcome: Annotated[str, StringConstraints(pattern=r"^(accepted|overridden)$")]
    acceptedSuggestions: list[Accepted] = []  # noqa: N815
    overrideReason: OverrideReason | None = None  # noqa: N815


class Feedback(BaseModel):
    """What became of cards."""

    feedback: list[CardFeedback] = Field(max_length=20)


class _Item(BaseModel):
    name: ItemName
    modality: Term
    body_part: Term
    number: Term


def orders_of(call: HookCall) -> list[Order]:
    """Return the imaging orders of a call: of `order-select` only what was just selected.

    Raises ValueError (pydantic's) for an order that cannot be understood.
    """
    entries = call.context.draftOrders.get("entry") or []
    found = [one.get("resource") for one in entries if isinstance(one, dict)]
    orders = [one for one in found if isinstance(one, dict) and _is_order(one)]
    if call.hook == "order-select":
        chosen = {one.rpartition("/")[2] for one in call.context.selections}
        orders = [one for one in orders if one.get("id") in chosen]
    return [_order(call.context, one) for one in orders]


def _is_order(resource: dict[str, Any]) -> bool:
    return resource.get("resourceType") == "ServiceRequest" and bool(_modality(resource))


def _order(context: Context, resource: dict[str, Any]) -> Order:
    code = _dict(resource.get("code"))
    item = _Item(
        name=code.get("text") or _first(code.get("coding")).get("display") or "",
        modality=_modality(resource),
        body_part=_words(_first(resource.get("bodySite"))),
        number=_first(resource.get("identifier")).get("value") or "",
    )
    return Order(
        exam_item=item.name,
        modality=item.modality,
        body_part=item.body_part,
        physician_code=context.userId.rpartition("/")[2][:64],
        encounter=context.encounterId.rpartition("/")[2][:64],
        order_number=item.number,
    )


def _modality(resource: dict[str, Any]) -> str:
    """Return the DICOM code of the modality (PS3.16 CID 29) among an order's codings."""
    concepts = [resource.get("code"), *_list(resource.get("category"))]
    for concept in concepts:
        for coding in _list(_dict(concept).get("coding")):
            if _dict(coding).get("system") in _DICOM_CODES:
                return str(_dict(coding).get("code") or "")
    return ""


def _words(concept: dict[str, Any]) -> str:
    coding = _first(concept.get("coding"))
    return str(coding.get("code") or concept.get("text") or "").upper()


def _first(value: Any) -> dict[str, Any]:
    return _dict(next(iter(_list(value)), None))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
