"""Measure G-02: from a hospital's own system to the first image, on a hospital's line.

    python -m bench.his_first_image [--repeats 20] [--home DIR]

Each visit is a browser that was never here: a fresh ticket is opened in a window of 1440 x 900
points, over one line for all connections (100 Mbit/s, 5 ms). The time begins with the navigation
to the ticket's address, redirects included, and ends with the first image of the DICOM page; the
limit of G-02 is 3 s. Median and 95th percentile of all visits.
"""

from __future__ import annotations

import argparse
import os
import statistics
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from bench.first_image import FIRST, Condition, visit, wait_for_mark
from bench.first_picture import LIMIT_SECONDS, percentile
from bench.product import Product, data_home, running
from server import clients, launches
from server import settings as settings_module
from server.clients import CallingClient, Scope
from server.cloud import ImageCloud, open_cloud
from server.demo.people import PROVINCIAL
from server.launches import LaunchRequest, Opens, PatientNumbers
from server.model import CarePurpose, Institution, Study

LAN = Condition("lan-1x", 100.0, 0.005, 1.0)


def register(cloud: ImageCloud) -> CallingClient:
    """Register a hospital's system without pages of its own."""
    with cloud.database.session() as session:
        wanted = select(Institution).where(Institution.code == PROVINCIAL.code)
        hospital = session.scalars(wanted).one()
        made = clients.register(
            session, institution=hospital, name="bench", origins=[], scopes=[Scope.LAUNCH]
        )
        return CallingClient(
            made.client.client_id, hospital.id, frozenset(), frozenset({Scope.LAUNCH})
        )


def ticket(cloud: ImageCloud, caller: CallingClient, study_id: str) -> str:
    """Ask for a launch of the study, as the hospital's system does."""
    with cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        asked = LaunchRequest(
            patient=PatientNumbers(study.patient_id),
            physician_code="bench",
            physician_name="王示范",
            encounter="bench",
            visit_type=CarePurpose.OUTPATIENT,
            purpose=CarePurpose.OUTPATIENT,
            outside=False,
            study_uid=study.study_uid,
            opens=Opens.DICOM,
        )
        return launches.create(cloud, session, caller, asked, source="").ticket


def seconds(
    product: Product, cloud: ImageCloud, caller: CallingClient, executable: str
) -> tuple[float, float]:
    """Return the seconds and megabytes of one visit."""
    with visit(product, LAN, executable) as visitor:
        page = visitor.page()
        page.set_viewport_size({"width": 1440, "height": 900})
        before = visitor.line.sent_bytes
        way_in = f"{visitor.address}/launch/{ticket(cloud, caller, product.study_id)}"
        page.goto(way_in, wait_until="commit")
        found = wait_for_mark(page, FIRST)
        moment = found["origin"] + found["marks"][FIRST]
        carried = visitor.line.sent_until(moment / 1000) - before
        return (moment - found["origin"]) / 1000, carried / 1e6


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--home", type=Path, help="a data home with the demo in it")
    parser.add_argument("--study", default="胸腹部CT平扫+增强", help="which of the demo's studies")
    parser.add_argument("--chromium", default="chromium")
    return parser.parse_args()


def main() -> None:
    """Measure, print the line."""
    options = parse()
    with (
        data_home(options.home) as home,
        running(home, options.study, options.chromium) as product,
    ):
        settings = replace(
            settings_module.load({"YINGYUN_HOME": str(home)}), base_url=product.address
        )
        cloud = open_cloud(settings)
        caller = register(cloud)
        runs = [
            seconds(product, cloud, caller, options.chromium) for _number in range(options.repeats)
        ]
    taken, carried = [run[0] for run in runs], [run[1] for run in runs]
    worst = percentile(taken, 0.95)
    print(
        f"{LAN.name}: median {statistics.median(taken):.2f} s, p95 {worst:.2f} s, "
        f"{statistics.median(carried):.2f} MB, load {os.getloadavg()[0]:.1f}"
        f"{'' if worst <= LIMIT_SECONDS else ', over the limit'}"
    )


if __name__ == "__main__":
    main()
