"""“My health data”: what sensors and health AI sent of me; I read it, and delete it (D-34)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.account import own_account
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import source_address
from server import audit, external_data
from server.external_data import ExternalData, Measure
from server.model import ExternalKind, Role

blueprint = Blueprint("external_data", __name__)

PAGE = "/account/health-data"
MOST = 200


@blueprint.get(PAGE)
@signed_in(roles=[Role.PATIENT])
def page() -> str:
    """Show a patient his own data of both kinds, newest first."""
    account = own_account()
    shown = {kind: _own(account.person_id, kind) for kind in ExternalKind}
    audit.record_act(
        database_session(), account.id, "external.view", "list", "", source=source_address()
    )
    return render_template(
        "account/health_data.html",
        observations=shown[ExternalKind.SENSOR],
        results=shown[ExternalKind.AI],
        measures=measure_words(),
        unit_words=unit_words(),
        most=MOST,
    )


@blueprint.post(f"{PAGE}/<record_id>/delete")
@signed_in(roles=[Role.PATIENT])
def delete(record_id: str) -> ResponseReturnValue:
    """Delete one of one's own records for good."""
    if not external_data.forget(
        database_session(), own_account(), record_id, source=source_address()
    ):
        raise NotFound
    flash(_("已删除。"), "success")
    return redirect(PAGE, 303)


def measure_words() -> dict[str, str]:
    """Return what each measure is called."""
    return {
        Measure.HEART_RATE: _("心率"),
        Measure.SYSTOLIC_PRESSURE: _("收缩压"),
        Measure.DIASTOLIC_PRESSURE: _("舒张压"),
        Measure.OXYGEN_SATURATION: _("血氧饱和度"),
        Measure.RESPIRATORY_RATE: _("呼吸频率"),
        Measure.BODY_TEMPERATURE: _("体温"),
        Measure.BLOOD_GLUCOSE: _("血糖"),
        Measure.BODY_WEIGHT: _("体重"),
        Measure.STEPS: _("步数"),
        Measure.SLEEP: _("睡眠"),
    }


def unit_words() -> dict[str, str]:
    """Return how units (UCUM) are written for people."""
    return {"/min": _("次/分"), "mm[Hg]": "mmHg", "Cel": "℃", "1": _("步"), "h": _("小时")}


def _own(person_id: int | None, kind: ExternalKind) -> list[ExternalData]:
    if person_id is None:
        return []
    return external_data.of_person(current_cloud(), database_session(), person_id, kind, MOST)
