"""Measure the time line of a family with many examinations: does the last page cost what the first?

    python -m bench.timeline [--studies 5000] [--persons 4] [--repeats 30] [--database URL]

The tables are filled in a database of their own (SQLite in a folder that is removed, or the empty
PostgreSQL database that is named), with many more examinations of other people. Each figure is
the median time of `server.timeline.timeline_page` or `choices_of`, statements and rows included,
after one round that is not counted; pages are of 20. `--explain` prints the plans besides.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import event, insert, select, text
from sqlalchemy.orm import Session

from server import accounts, people, settings, timeline
from server.access import Grant, patient_grant
from server.cloud import ImageCloud, open_cloud, upgrade_database
from server.model import (
    Account,
    Institution,
    Person,
    ProcessingState,
    Report,
    ReportStatus,
    Role,
    Study,
)
from server.timeline_filter import TimelineFilter, TimelineShow

NEWEST = datetime(2026, 11, 1, 2, tzinfo=UTC)
HOSPITALS = 6
MODALITIES = ("CT", "MR", "DX", "US", "PT", "CR")
PARTS = ("CHEST", "HEAD", "ABDOMEN", "KNEE", "LSPINE", "HEART")
FILTERS: dict[str, TimelineFilter] = {
    "one hospital": TimelineFilter(institution_id=1),
    "type and part": TimelineFilter(modality="US", body_part="膝关节"),
    "one year": TimelineFilter(since=date(2020, 1, 1), until=date(2020, 12, 31)),
    "a word": TimelineFilter(text="腹部"),
    "an accession number": TimelineFilter(text="A000017"),
    "a word nobody wrote": TimelineFilter(text="没有"),
    "reports only": TimelineFilter(show=TimelineShow.REPORTS),
}


@dataclass(frozen=True)
class Family:
    """A patient's grant with this many examinations behind it."""

    studies: int
    grant: Grant


@contextmanager
def opened(url: str | None) -> Iterator[ImageCloud]:
    """Open an image cloud with tables and nothing in it."""
    with tempfile.TemporaryDirectory(prefix="yingyun-bench-") as home:
        environ = {"YINGYUN_HOME": home, "YINGYUN_REGION_CODE": "500000"}
        chosen = settings.load(environ | ({"YINGYUN_DATABASE_URL": url} if url else {}))
        upgrade_database(chosen)
        cloud = open_cloud(replace(chosen, development=True))
        yield cloud
        cloud.database.engine.dispose()


def make_family(cloud: ImageCloud, name: str, studies: int, persons: int) -> Family:
    """Add a patient, his relatives, and their examinations spread over thirty years."""
    with cloud.database.session() as session:
        own = _person(cloud, session, name, 0)
        relatives = [_person(cloud, session, name, number) for number in range(1, persons)]
        for relative in relatives:
            people.link_family(session, guardian=own, member=relative, relation="家人")
        account = accounts.create_account(
            cloud, session, login=name, password="Kx7!blaue-Wolke", role=Role.PATIENT, person=own
        ).account
        ids = [one.id for one in (own, *relatives)]
        _add_studies(cloud, session, name, studies, ids)
        account_id = account.id
    with cloud.database.session() as session:
        return Family(studies, patient_grant(cloud, session, session.get_one(Account, account_id)))


def _person(cloud: ImageCloud, session: Session, name: str, number: int) -> Person:
    code = people.new_person_code()
    person = people.create_person(cloud, session, person_code=code, name=f"{name}{number}")
    session.flush()
    return person


def _add_studies(
    cloud: ImageCloud, session: Session, name: str, count: int, persons: list[int]
) -> None:
    hospitals = _hospitals(session)
    key = cloud.vault.new_data_key(session)
    session.flush()
    step = timedelta(days=30 * 365) / max(count, 1)
    rows = [
        {
            "study_id": f"{name}-{number:06d}",
            "study_uid": f"2.25.{uuid4().int}",
            "cloud_index": f"{name}-{number}",
            "person_id": persons[number % len(persons)],
            "institution_id": hospitals[number % len(hospitals)],
            "data_key_id": key.id,
            "accession_number": f"A{number:06d}",
            "study_datetime": NEWEST - number * step,
            "modality": MODALITIES[number % len(MODALITIES)],
            "body_part": PARTS[(number // 3) % len(PARTS)],
            "description": f"检查{number}",
            "state": ProcessingState.READY,
        }
        for number in range(count)
    ]
    session.execute(insert(Study), rows)
    session.execute(
        insert(Report),
        [
            {"study_id": row["study_id"], "status": ReportStatus.REVIEWED, "findings": "肺" * 400}
            for row in rows
        ],
    )


def _hospitals(session: Session) -> list[int]:
    found = list(session.scalars(select(Institution.id).order_by(Institution.id)))
    if found:
        return found
    made = [
        Institution(
            code=f"{number:018d}",
            name=f"第{number}医院",
            province_code="500000",
            province_name="重庆市",
        )
        for number in range(1, HOSPITALS + 1)
    ]
    session.add_all(made)
    session.flush()
    return [one.id for one in made]


def mark_at(cloud: ImageCloud, family: Family, share: float) -> str | None:
    """Return the mark of the page that begins after this share of the family's examinations."""
    number = int(family.studies * share) - 1
    if number < 0:
        return None
    with cloud.database.session() as session:
        persons = [one.id for one in timeline.persons_of(session, family.grant)]
        study = session.scalars(
            select(Study)
            .where(Study.person_id.in_(persons))
            .order_by(Study.study_datetime.desc(), Study.study_id.desc())
            .offset(number)
            .limit(1)
        ).one()
        return timeline.page_mark(study)


def milliseconds(work: Callable[[], Any], repeats: int) -> str:
    """Return the median times of a piece of work, after one round that does not count.

    The processor's time is this process's alone: SQLite is in it, PostgreSQL is not.
    """
    work()
    taken: dict[str, list[float]] = {"time": [], "processor": []}
    for _ in range(repeats):
        begun, worked = time.perf_counter(), time.process_time()
        work()
        taken["time"].append(time.perf_counter() - begun)
        taken["processor"].append(time.process_time() - worked)
    return ", ".join(
        f"{name} {statistics.median(found) * 1000:7.2f} ms" for name, found in taken.items()
    )


def page_of(
    cloud: ImageCloud, family: Family, wanted: TimelineFilter, mark: str | None
) -> Callable[[], int]:
    """Return the work of one page; it gives the number of its entries."""

    def work() -> int:
        with cloud.database.session() as session:
            found = timeline.timeline_page(cloud, session, family.grant, wanted, page=mark)
            return len(found.entries)

    return work


def choices_for(cloud: ImageCloud, family: Family) -> Callable[[], Any]:
    """Return the work of finding what a family's time line can be narrowed to."""

    def work() -> Any:
        with cloud.database.session() as session:
            return timeline.choices_of(session, family.grant)

    return work


def explain(cloud: ImageCloud, work: Callable[[], Any]) -> list[str]:
    """Return the plan of the first statement on studies that a piece of work makes."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "FROM study" in statement:
            seen.append((statement, values))

    event.listen(cloud.database.engine, "before_cursor_execute", note)
    work()
    event.remove(cloud.database.engine, "before_cursor_execute", note)
    statement, values = seen[0]
    sqlite = cloud.database.engine.dialect.name == "sqlite"
    prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "
    with cloud.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(prefix + statement, values).all()
    return [str(row[3] if sqlite else row[0]) for row in rows]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--studies", type=int, default=5000)
    parser.add_argument("--others", type=int, default=50_000, help="examinations of other people")
    parser.add_argument("--persons", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database")
    parser.add_argument("--explain", action="store_true")
    return parser.parse_args(arguments)


def main() -> None:
    """Fill, measure, print."""
    options = parse()
    with opened(options.database) as cloud:
        small = make_family(cloud, "small", 50, options.persons)
        large = make_family(cloud, "large", options.studies, options.persons)
        make_family(cloud, "others", options.others, options.persons)
        with cloud.database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        plain = TimelineFilter()
        rows = [("first page", small, plain, 0.0)]
        rows += [(name, large, plain, share) for name, share in (
            ("first page", 0.0), ("page in the middle", 0.5), ("last page", 0.996))]  # fmt: skip
        rows += [(name, large, wanted, 0.0) for name, wanted in FILTERS.items()]
        print(f"{cloud.database.engine.dialect.name}, {options.persons} persons")
        for name, family, wanted, share in rows:
            work = page_of(cloud, family, wanted, mark_at(cloud, family, share))
            took = milliseconds(work, options.repeats)
            print(f"{family.studies:6d} {name:22} {work():3d} entries  {took}", flush=True)
            if options.explain:
                print("\n".join(f"       {line}" for line in explain(cloud, work)))
        for family in (small, large):
            took = milliseconds(choices_for(cloud, family), options.repeats)
            print(f"{family.studies:6d} {'what to choose from':22} {'':13}{took}", flush=True)


if __name__ == "__main__":
    main()
