"""Records of a hospital's systems: one connector each for view, FTP, SFTP and HTTP (E-36)."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from sqlalchemy import select
from werkzeug import Request, Response

from server.gateway.centre import HttpCentre
from server.gateway.collecting.connectors import SourceUnavailableError, read_rows
from server.gateway.collecting.mapping import MappingError, record_of
from server.gateway.collecting.sources import (
    RecordKind,
    Source,
    SourceKind,
    SourcesFileError,
    load_sources,
)
from server.gateway.receiving import Receiving
from server.gateway.service import Gateway
from server.gateway.tables import CollectedRecord
from server.model import ExamStep, ExamUpload, Report, Settlement
from tests.dicomweb.case import files_of
from tests.gateway.case import RULES
from tests.gateway.conftest import HospitalsCentre
from tests.gateway.servers import PASSWORD, ftp_server, has_rclone, http_server, sftp_server
from tests.postgresql import is_installed, running_postgresql
from tests.records.case import chest

EXAMPLES = Path(__file__).parents[2] / "examples" / "gateway"
FILES = EXAMPLES / "files"


def make_view(url: str) -> None:
    """Make the RIS' report view in a database."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in (FILES / "report_view.sql").read_text().split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def example(name: str, folder: Path, **changes: Any) -> Source:
    """Return one of the examples' sources, read where this test has it."""
    for file in ("ftp.password", "http.token"):
        (folder / file).write_text(f"{PASSWORD}\n")
    (folder / "sources.json").write_bytes((EXAMPLES / "sources.json").read_bytes())
    found = {str(one.record): one for one in load_sources(folder / "sources.json")}
    return replace(found[name], **changes)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The hospital's four systems, each on a server of its kind."""
    if not has_rclone():
        pytest.skip("rclone or OpenSSH is not installed")
    keys, folder = tmp_path_factory.mktemp("keys"), tmp_path_factory.mktemp("systems")
    for name, file in (("ftp", "settlements.csv"), ("sftp", "exams.csv")):
        (folder / name).mkdir()
        (folder / name / file).write_bytes((FILES / file).read_bytes())
        (folder / name / "readme.txt").write_text("no record")

    def steps(request: Request) -> Response:
        fits = request.headers.get("Authorization") == f"Bearer {PASSWORD}"
        data = (FILES / "steps.json").read_bytes()
        return Response(data, 200 if fits else 401, content_type="application/json")

    with ExitStack() as stack:
        database = f"sqlite:///{folder / 'ris.db'}"
        if is_installed():
            database = stack.enter_context(running_postgresql())
        make_view(database)
        yield {
            "report": {"address": database, "query": "SELECT * FROM v_report"},
            "settlement": {"address": stack.enter_context(ftp_server(folder / "ftp"))},
            "listed_exam": {
                "address": stack.enter_context(sftp_server(folder / "sftp", keys)),
                "key_file": str(keys / "id"), "known_hosts_file": str(keys / "known_hosts"),
            },
            "step": {"address": stack.enter_context(http_server(steps))},
        }  # fmt: skip


class Network(requests.Session):
    """Notes which of the centre's two addresses was asked for what."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str, str]] = set()

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        host, _, path = url.partition("//")[2].partition("/")
        self.asked.add((host.partition(":")[0], path.partition("/")[0]))
        return super().request(method, url, **options)


@pytest.mark.requirement("E-36", "E-44", "E-46")
def test_four_connectors_bring_an_exam_together(
    centre: HospitalsCentre, addresses: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    rows = json.loads((EXAMPLES / "sources.json").read_text())
    told = [row | addresses[row["record"]] | {"minutes": 1} for row in rows]
    for file in ("ftp.password", "http.token"):
        (tmp_path / file).write_text(PASSWORD)
    (tmp_path / "sources.json").write_text(json.dumps(told))
    settings = replace(
        centre.settings(tmp_path / "gateway"),
        sources_file=tmp_path / "sources.json",
        index_url=centre.url.replace("127.0.0.1", "localhost"),
    )
    network = Network()
    machine = Gateway(settings, HttpCentre(settings, network))
    machine.spool.keep_rules(dict(RULES), 1)
    assert machine.collecting.step() == 0, "nothing goes before the centre told the key"
    machine.report()
    assert machine.collecting.step() == 1 + 4 + 1, "settlement, steps, list"
    counts = machine.collecting.counts()
    assert (counts["sent"], counts["waiting"], counts["failures"]) == (6, 1, {})
    for data in files_of(chest()):
        assert Receiving(machine.spool).take(data, "CT1").Status == 0
    machine.uploading.step()
    with machine.spool.database.session() as session:
        waiting = session.scalars(
            select(CollectedRecord).where(CollectedRecord.state == "waiting")
        ).one()
        assert (waiting.kind, waiting.reason) == ("report", "status_404"), "images come first"
        assert b"\xe5\x8f\x8c\xe8\x82\xba" not in (waiting.sealed or b""), "sealed on the disk"
        waiting.next_try_at = waiting.collected_at
    assert machine.collecting.step() == 1
    with centre.cloud.database.session() as session:
        (report,) = session.scalars(select(Report)).all()
        assert (report.impression, report.reviewing_physician) == ("未见异常。", "赵医生")
        assert report.reported_at is not None
        assert report.reported_at.isoformat() == "2026-03-01T03:00:00+00:00"
        (settlement,) = session.scalars(select(Settlement)).all()
        assert (settlement.fee, settlement.reimbursed) == (26000, 18250)
        stages = [one.stage for one in session.scalars(select(ExamStep)).all()]
        assert stages == ["application", "check_in", "examination", "result_release"]
        listed = select(ExamUpload).where(ExamUpload.listed_at.is_not(None))
        found = {one.accession_number: one for one in session.scalars(listed)}
        assert set(found) == {"A100", "A101"}
        assert found["A100"].settlement_at is not None
    assert network.asked >= {("127.0.0.1", "dicom-web"), ("localhost", "api")}
    assert not network.asked & {("127.0.0.1", "api"), ("localhost", "dicom-web")}
    machine.collecting._next.clear()
    assert machine.collecting.step() == 0, "what is as it was is not sent again"


@pytest.mark.requirement("E-36")
def test_a_source_that_does_not_answer_is_said_to_be(
    addresses: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    paths = ("key_file", "known_hosts_file")
    facts = {
        name: {key: Path(one) if key in paths else one for key, one in facts.items()}
        for name, facts in addresses.items()
    }
    (tmp_path / "wrong").write_text("wrong")
    wrong = {"password_file": tmp_path / "wrong"}
    stranger = tmp_path / "known_hosts"
    stranger.write_text("")
    for name, change in (
        ("report", {"query": "SELECT * FROM absent"}),
        ("settlement", wrong),
        ("step", wrong),
        ("listed_exam", {"known_hosts_file": stranger}),
        ("step", {"address": "http://127.0.0.1:1/"}),
    ):
        with pytest.raises(SourceUnavailableError):
            read_rows(example(name, tmp_path, **(facts[name] | change)))
    held = read_rows(example("listed_exam", tmp_path, **facts["listed_exam"]))
    assert [row["检查号"] for row in held] == ["A100", "A101"]


def test_a_file_of_sources_is_read_whole_or_refused(tmp_path: Path) -> None:
    assert len(load_sources(EXAMPLES / "sources.json")) == 4
    good = json.loads((EXAMPLES / "sources.json").read_text())
    for change in (
        {"kind": "pigeon"}, {"record": "gossip"}, {"columns": {}}, {"query": ""},
        {"kind": "ftp", "address": "https://x.example"}, {"kind": "sftp", "address": "sftp://x/"},
        {"kind": "http", "address": "http://far.example"}, {"minutes": 0}, {"unknown": 1},
    ):  # fmt: skip
        path = tmp_path / "sources.json"
        path.write_text(json.dumps([good[0] | change]))
        with pytest.raises(SourcesFileError):
            load_sources(path)


def test_a_row_is_mapped_without_a_guess() -> None:
    source = Source(
        "s", SourceKind.HTTP, RecordKind.SETTLEMENT, "https://x.example",
        {"fee": "f", "settled_at": "t", "exam_item": "i"}, yuan=("fee",),
    )  # fmt: skip
    row = {"f": "12.345", "t": "2026-03-01 08:00:00", "i": ""}
    assert record_of(source, row) == {"fee": 1234, "settled_at": "2026-03-01T08:00:00+08:00"}
    for change in ({"f": "twelve"}, {"t": "today"}):
        with pytest.raises(MappingError, match="not understood"):
            record_of(source, row | change)
    with pytest.raises(MappingError, match="no column"):
        record_of(source, {"f": "1"})
