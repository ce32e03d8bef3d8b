"""The pages and data of one study, the same through each door (portal.doors)."""

from __future__ import annotations

from flask import Flask

from portal.doctor import citing, film, handing, judging, media, sending
from portal.doors import DOCTOR, SUPERVISION
from portal.study import cold, data, facts, key_images, pages, report_pages

# Not the module: `annotations` of this package is the feature of `__future__` above.
from portal.study.annotations import blueprint as annotations_blueprint

# Names of the doors, their addresses, and what those say that is not in them.
DOORS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("patient", "/studies/<study_id>", {}),
    ("share", "/s/<share_id>", {}),
    ("doctor", "/doctor/studies/<study_id>", {"door": DOCTOR}),
    ("supervision", "/admin/supervision/<study_id>", {"door": SUPERVISION}),
    ("launched", "/launched/<launch_id>/studies/<study_id>", {}),
)

OF_DOCTORS = frozenset({"doctor", "launched"})

# What only doctors have: images and reports leave the product by these.
DOCTORS_ONLY = (
    (sending.blueprint, "sending"),
    (media.blueprint, "media"),
    (handing.blueprint, "handing"),
    (film.blueprint, "film"),
    (citing.blueprint, "citing"),
    (judging.blueprint, "judging"),
)


def install_study(app: Flask) -> None:
    """Hang the study's pages and data below the address of each door."""
    app.register_blueprint(judging.waiting_list)
    for name, prefix, defaults in DOORS:
        first = pages.patient if name == "patient" else pages.others
        for blueprint, kind in (
            (first, "first"),
            (pages.both, "pages"),
            (report_pages.blueprint, "report"),
            (data.blueprint, "data"),
            (cold.blueprint, "recall"),
            (facts.blueprint, "facts"),
            (key_images.blueprint, "key_images"),
            (annotations_blueprint, "annotations"),
            *(DOCTORS_ONLY if name in OF_DOCTORS else ()),
        ):
            app.register_blueprint(
                blueprint, name=f"{name}_{kind}", url_prefix=prefix, url_defaults=defaults
            )
