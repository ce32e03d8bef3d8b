"""The sample hospital system of the demo: registered as a client, started on an origin of its own.

It is an example and not part of the product: where the folder is missing, the demo goes without.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.commands.ports import PortTakenError, check_port_free
from portal.commands.processes import Processes
from server import clients, people
from server.clients import Scope
from server.cloud import ImageCloud
from server.demo.people import PERSONS, PROVINCIAL
from server.model import Institution, Person, Study
from server.terms import sex_label

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "his"
MODULE = "examples.his"
FACTS = "his.json"
NAME = "示例医院系统"
# What the doctor's story asks of the cloud, and nothing beyond.
STORY = (
    Scope.LAUNCH,
    Scope.INDEX_READ,
    Scope.CONSENT_WRITE,
    Scope.REGISTRATION,
    Scope.REMINDER,
    Scope.CITATION_READ,
)
PORTS_TO_TRY = 20
PHYSICIAN = {"code": "D990000000100", "name": "王示范"}
# Kind of visit, department, complaint, in turn.
_VISITS = (
    ("outpatient", "呼吸内科", "咳嗽一周，来院复查"),
    ("inpatient", "神经内科", "头痛待查，住院第二天"),
    ("outpatient", "肿瘤科", "治疗后随访"),
    ("emergency", "急诊科", "外伤两小时"),
)


def start_his(
    cloud: ImageCloud,
    environ: Mapping[str, str],
    processes: Processes,
    *,
    host: str,
    address: str,
    after_port: int,
) -> str:
    """Start the sample HIS on the first free port after the portal's; returns its address.

    "" where the example is not there, or no port is free.
    """
    port = _free_port(host, after_port)
    if not EXAMPLE.is_dir() or port is None:
        return ""
    url = f"http://{address}:{port}"
    facts = cloud.settings.home / FACTS
    with cloud.database.session() as session:
        _write(facts, _facts(cloud, session, url))
    processes.start_module(
        "his", MODULE, ["--hospital", str(facts), "--bind", f"{host}:{port}"], environ, ROOT
    )
    return url


def _free_port(host: str, after: int) -> int | None:
    for port in range(after + 1, min(after + PORTS_TO_TRY, 65535)):
        try:
            check_port_free(host, port)
        except PortTakenError:
            continue
        return port
    return None


def _facts(cloud: ImageCloud, session: Session, url: str) -> dict[str, Any]:
    """Register the system anew, and return what it must know; earlier ones are shut."""
    hospital = session.scalars(select(Institution).where(Institution.code == PROVINCIAL.code)).one()
    for one in clients.clients(session):
        if one.institution_id == hospital.id and one.name == NAME and one.disabled_at is None:
            clients.disable(session, one)
    made = clients.register(
        session,
        institution=hospital,
        name=NAME,
        origins=[url],
        scopes=STORY,
    )
    return {
        "cloud_url": cloud.settings.base_url,
        "client_id": made.client.client_id,
        "client_secret": made.secret,
        "hospital": hospital.name,
        "physician": PHYSICIAN,
        "visits": _visits(cloud, session, hospital),
    }


def _visits(cloud: ImageCloud, session: Session, hospital: Institution) -> list[dict[str, str]]:
    codes = [one.person_code for one in PERSONS]
    wanted = select(Person).where(Person.person_code.in_(codes)).order_by(Person.person_code)
    return [
        _visit(cloud, session, hospital, person, number)
        for number, person in enumerate(session.scalars(wanted))
    ]


def _visit(
    cloud: ImageCloud, session: Session, hospital: Institution, person: Person, number: int
) -> dict[str, str]:
    """Return one line of the registration list; who was never examined here has a new number."""
    patient_id = session.scalar(
        select(Study.patient_id)
        .where(Study.institution_id == hospital.id, Study.person_id == person.id)
        .limit(1)
    )
    visit_type, department, complaint = _VISITS[number % len(_VISITS)]
    return {
        "number": f"V{number + 1:04d}",
        "visit_type": visit_type,
        "department": department,
        "complaint": complaint,
        "name": person.name,
        "sex": sex_label(person.sex or ""),
        "birth_date": person.birth_date.isoformat() if person.birth_date else "",
        "patient_id": patient_id or f"N{number + 1:07d}",
        "id_number": people.id_number(cloud, person) or "",
    }


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    """Write the file for its owner alone: it holds the client's secret."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False, indent=1)
