"""Orders (开单): the cloud is asked for same examinations; the physician decides."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from examples.his.desk import Desk, PlacedOrder
from examples.his.hospital import Hospital, RegisteredVisit
from examples.yingyun_client import Order


@dataclass(frozen=True)
class ExamItem:
    """One item that can be ordered; `modality` is DICOM's."""

    name: str
    modality: str


ITEMS = (
    ExamItem("胸腹部CT平扫+增强", "CT"),
    ExamItem("胸部CT平扫", "CT"),
    ExamItem("头颅MRI平扫", "MR"),
    ExamItem("胸部正位X线摄影", "DX"),
    ExamItem("上腹部超声", "US"),
)


def install_ordering(app: Flask, hospital: Hospital, desk: Desk) -> None:
    """Add the order screen and what it is answered."""

    def visit_or_404(number: str) -> RegisteredVisit:
        return hospital.visit(number) or abort(404)

    @app.get("/visits/<number>/orders")
    def orders(number: str) -> str:
        visit = visit_or_404(number)
        studies = hospital.client.studies(visit.patient)
        return render_template(
            "orders.html", visit=visit, studies=studies, items=ITEMS, record=desk.visit(number)
        )

    @app.post("/visits/<number>/orders")
    def place(number: str) -> ResponseReturnValue:
        visit = visit_or_404(number)
        named = request.form.get("item")
        item = next((one for one in ITEMS if one.name == named), None) or abort(400)
        found = hospital.client.check_order(
            visit.patient, hospital.physician, visit.number, Order(item.name, item.modality)
        )
        if not found["reminder_id"]:
            desk.visit(number).orders.append(PlacedOrder(item.name, "已开单"))
            return redirect(f"/visits/{number}/orders", 303)
        desk.visit(number).reminders[found["reminder_id"]] = found | {"item": item.name}
        return redirect(f"/visits/{number}/reminders/{found['reminder_id']}", 303)

    @app.get("/visits/<number>/reminders/<reminder_id>")
    def reminder(number: str, reminder_id: str) -> str:
        found = desk.visit(number).reminders.get(reminder_id) or abort(404)
        return render_template(
            "reminder.html", visit=visit_or_404(number), found=found, cards=found["cards"]
        )

    @app.post("/visits/<number>/reminders/<reminder_id>")
    def decide(number: str, reminder_id: str) -> ResponseReturnValue:
        record = desk.visit(number)
        found = record.reminders.get(reminder_id) or abort(404)
        form = request.form
        if form.get("outcome") == "accepted":
            hospital.client.recognise(reminder_id, form.get("cloud_index", ""))
            outcome = "互认，不再检查"
        else:
            hospital.client.reexamine(reminder_id, form.get("reason", ""), form.get("comment", ""))
            outcome = "已开单（重新检查）"
        record.orders.append(PlacedOrder(found["item"], outcome))
        return redirect(f"/visits/{number}/orders", 303)
