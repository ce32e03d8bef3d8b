"""Images (调阅): the frame, fresh tickets for it, and what the physician cites from it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, render_template, request

from examples.his.desk import CitedReport, Desk
from examples.his.hospital import Hospital, RegisteredVisit
from examples.yingyun_client import LaunchTicket

OPENS = frozenset({"dicom", "images", "report", "list", "reminder"})


def cloud_origin(hospital: Hospital) -> str:
    """Return the origin of the cloud, the only one that the frame may be of."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(hospital.cloud_url))


def install_viewing(app: Flask, hospital: Hospital, desk: Desk) -> None:
    """Add the page with the frame, and the two calls that it makes."""

    def visit_or_404(number: str) -> RegisteredVisit:
        return hospital.visit(number) or abort(404)

    def launch(visit: RegisteredVisit) -> LaunchTicket:
        opens = request.values.get("opens", "dicom")
        return hospital.client.launch(
            visit.patient,
            hospital.physician,
            visit.visit(outside=request.values.get("network") == "outside"),
            frame_origin=request.host_url.rstrip("/"),
            study_uid=request.values.get("study") or None,
            opens=opens if opens in OPENS else "dicom",
        )

    @app.get("/visits/<number>/images")
    def images(number: str) -> str:
        visit = visit_or_404(number)
        return render_template(
            "images.html",
            visit=visit,
            launch=launch(visit),
            cloud_origin=cloud_origin(hospital),
            record=desk.visit(number),
        )

    @app.post("/visits/<number>/ticket")
    def ticket(number: str) -> Response:
        return jsonify({"ticket": launch(visit_or_404(number)).ticket})

    @app.post("/visits/<number>/citations")
    def cite(number: str) -> Response:
        visit_or_404(number)
        found = hospital.client.citation(request.form.get("citation_id", ""))
        # Whose report, copied by whom, when: from the cloud, not from the page (H-07).
        cited = CitedReport(
            citation_id=found["citation_id"],
            text=request.form.get("text", ""),
            institution=(found["report"] or {}).get("institution_name", ""),
            physician=found["cited_by"]["name"],
            cited_at=found["cited_at"][:16].replace("T", " "),
        )
        desk.cite(number, cited)
        return jsonify({"citation_id": cited.citation_id, "institution": cited.institution})
