"""Registration (挂号): the patient is told of the cache, and answers before it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from examples.his.desk import Consent, Desk
from examples.his.hospital import Hospital, RegisteredVisit
from examples.yingyun_client import Registration


def install_registration(app: Flask, hospital: Hospital, desk: Desk) -> None:
    """Add the list of the day, the desk, and the reception."""

    def visit_or_404(number: str) -> RegisteredVisit:
        return hospital.visit(number) or abort(404)

    @app.get("/")
    def registrations() -> str:
        consents = {one.number: desk.visit(one.number).consent for one in hospital.visits}
        return render_template("registrations.html", consents=consents)

    @app.get("/visits/<number>/registration")
    def registration(number: str) -> str:
        told = hospital.client.caching_text()
        return render_template("registration.html", visit=visit_or_404(number), told=told)

    @app.post("/visits/<number>/registration")
    def answer(number: str) -> ResponseReturnValue:
        visit = visit_or_404(number)
        confirmed = request.form.get("answer") == "confirm"
        version = request.form.get("version", "")
        # Who does not agree is registered here alone: nothing is sent (E-20).
        said = _apply(hospital, visit, version) if confirmed else Consent(False)
        desk.visit(number).consent = said
        return redirect(f"/visits/{number}", 303)

    @app.get("/visits/<number>")
    def reception(number: str) -> str:
        visit = visit_or_404(number)
        history = hospital.client.reception(visit.patient, visit.number)
        return render_template(
            "reception.html", visit=visit, history=history, record=desk.visit(number)
        )


def _apply(hospital: Hospital, visit: RegisteredVisit, version: str) -> Consent:
    hospital.client.confirm_caching(visit.patient, visit.number, version)
    made = hospital.client.register(
        Registration(
            patient_id=visit.patient_id,
            name=visit.name,
            id_number=visit.id_number,
            encounter=visit.number,
            department=visit.department,
            visit_type=visit.visit_type,  # type: ignore[arg-type]
            visit_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )
    return Consent(made["consented"], made["application_id"], made["local_studies"])
