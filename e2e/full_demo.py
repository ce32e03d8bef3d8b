"""A `yingyun demo` that runs already, seen as the tests see their own small product."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select

from e2e.product import Login, Product
from server import settings as settings_module
from server.cloud import open_cloud
from server.demo import catalogue
from server.demo.dicom.identity import unique_id
from server.model import Study

STUDIES = {
    "ct": catalogue.current_ct,
    "mr": catalogue.spouse_mr,
    "dx": catalogue.chest_dx,
    "us": catalogue.heart_us,
    "pet": catalogue.parent_pet,
    "draft": catalogue.follow_up_mr,
    "stranger": catalogue.stranger_ct,
}


def full_demo(home: Path) -> Product:
    """Read a running demo's papers. Raises FileNotFoundError while it is not healthy."""
    papers = json.loads((home / "demo.json").read_text())
    logins = {
        one["login"]: Login(one["login"], one["password"], one["totp_secret"])
        for one in papers["accounts"]
    }
    base_url = papers["base_url"]
    cloud = open_cloud(
        settings_module.load({"YINGYUN_HOME": str(home), "YINGYUN_BASE_URL": base_url})
    )
    with cloud.database.session() as session:
        by_uid = {one.study_uid: one.study_id for one in session.scalars(select(Study))}
    studies = {name: by_uid[str(unique_id(make().header.key))] for name, make in STUDIES.items()}
    return Product(base_url, cloud, logins | {"journey.plain": logins["li.yangli"]}, studies)
