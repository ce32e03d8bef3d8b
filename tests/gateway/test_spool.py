"""What a front machine receives, checks, sends and keeps, with a centre in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
import time_machine
from pydicom.uid import JPEGLSLossless, generate_uid

from server.gateway.clearing import clear_away
from server.gateway.compressing import compressed
from server.gateway.configuration import Rules, load
from server.gateway.receiving import Receiving
from server.gateway.service import Gateway
from server.gateway.spool import Spool
from server.gateway.uploading import Uploading
from server.settings import SettingsError
from server.storage import StorageFullError
from tests.gateway.case import (
    RULES,
    MemoryCentre,
    blank,
    gateway_settings,
    image,
    named,
    uid_of,
)

STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(gateway_settings(tmp_path / "gateway"))
    made.keep_rules(dict(RULES), 1)
    return made


def take(spool: Spool, *objects: bytes, source: str = "CT1") -> None:
    for data in objects:
        assert Receiving(spool).take(data, source).Status == 0


def states(spool: Spool) -> dict[str, int]:
    return {name: count.objects for name, count in spool.counts().items() if count.objects}


@pytest.mark.requirement("E-42", "E-19")
def test_what_is_received_lies_encrypted_and_goes_to_the_centre(
    spool: Spool, tmp_path: Path
) -> None:
    centre, data = MemoryCentre(), image(PatientName="Geheim^Person")
    take(spool, data)
    files = [path for path in (tmp_path / "gateway" / "spool").rglob("*") if path.is_file()]
    assert files
    assert not any(b"Geheim" in path.read_bytes() for path in files)
    uploading = Uploading(spool, centre)
    assert uploading.step() == 1
    assert uploading.step() == 0
    assert centre.objects == {uid_of(data): data}
    assert states(spool) == {"sent": 1}
    assert uploading.reconcile(older_than=timedelta(0)) == 0
    assert states(spool) == {"verified": 1}


@pytest.mark.requirement("E-04", "E-19")
def test_what_is_no_dicom_or_broken_is_refused_with_a_reason(spool: Spool) -> None:
    whole = image()
    for data, reason in ((whole[: len(whole) // 2], "truncated"), (b"GIF89a", "not_dicom")):
        answer = Receiving(spool).take(data, "CT1")
        assert answer.Status == 0xC000
        assert answer.ErrorComment == reason
    assert states(spool) == {}


def test_a_full_disk_is_out_of_resources(spool: Spool) -> None:
    spool.keep_rules({"least_free_megabytes": 1 << 40}, 2)
    assert Receiving(spool).take(image(), "CT1").Status == 0xA700
    with pytest.raises(StorageFullError):
        spool._check_room(1, Rules(least_free_megabytes=1 << 40))


@pytest.mark.requirement("E-11")
def test_a_blank_image_is_stopped_until_a_qualified_one_comes(spool: Spool) -> None:
    centre, bad = MemoryCentre(), image(blank)
    take(spool, bad)
    Uploading(spool, centre).step()
    assert centre.objects == {}
    (stopped,) = spool.stopped()
    assert stopped.reason == "blank_image"
    good = image(lambda one: named(one, uid_of(bad)))
    take(spool, good)
    Uploading(spool, centre).step()
    assert centre.objects == {uid_of(bad): good}
    assert states(spool) == {"sent": 1}


@pytest.mark.requirement("E-08")
def test_emergencies_go_before_older_others(spool: Spool) -> None:
    spool.keep_rules(RULES | {"emergency_sources": ["ERCT"]}, 2)
    centre = MemoryCentre()
    ordinary = image(StudyInstanceUID=generate_uid())
    urgent = image(StudyInstanceUID=generate_uid(), RequestedProcedurePriority="STAT")
    casualty = image(StudyInstanceUID=generate_uid())
    take(spool, ordinary, urgent)
    take(spool, casualty, source="ERCT")
    uploading = Uploading(spool, centre)
    while uploading.step():
        pass
    assert centre.order == [uid_of(urgent), uid_of(casualty), uid_of(ordinary)]


@pytest.mark.requirement("E-10")
def test_what_is_lost_on_the_way_is_sent_again(spool: Spool) -> None:
    centre = MemoryCentre(loses=1)
    objects = [image(), image(), image()]
    take(spool, *objects)
    uploading = Uploading(spool, centre)
    uploading.step()
    assert len(centre.objects) == 2
    assert uploading.reconcile(older_than=timedelta(0)) == 1
    uploading.step()
    assert uploading.reconcile(older_than=timedelta(0)) == 0
    assert centre.objects == {uid_of(one): one for one in objects}
    assert states(spool) == {"verified": 3}


@pytest.mark.requirement("D-30")
def test_what_the_centre_asks_for_again_is_sent_without_anybody(tmp_path: Path) -> None:
    centre = MemoryCentre()
    machine = Gateway(gateway_settings(tmp_path / "gateway"), centre)
    machine.spool.keep_rules(dict(RULES), 1)
    take(machine.spool, image(), image())
    machine.uploading.step()
    machine.uploading.reconcile(older_than=timedelta(0))
    assert states(machine.spool) == {"verified": 2}
    lost = centre.order[0]
    study_uid = pydicom.dcmread(BytesIO(centre.objects.pop(lost))).StudyInstanceUID
    centre.supplement = (("task", study_uid),)
    for _ in range(2):  # each task once
        machine.report()
        machine.supplement()
    assert states(machine.spool) == {"verified": 1, "waiting": 1}
    assert machine.state()["to_supplement"] == 1
    assert machine.uploading.step() == 1
    assert centre.order[2:] == [lost]
    assert lost in centre.objects


def test_while_the_centre_is_away_objects_wait_longer_each_time(spool: Spool) -> None:
    centre = MemoryCentre(away=True)
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as clock:
        take(spool, image())
        uploading = Uploading(spool, centre)
        assert uploading.step() == 1
        for seconds in (5, 10, 20, 40):
            clock.shift(seconds - 1)
            assert uploading.step() == 0, "too early"
            clock.shift(1)
            assert uploading.step() == 1
        assert states(spool) == {"waiting": 1}
        centre.away = False
        clock.shift(600)
        uploading.step()
        assert states(spool) == {"sent": 1}


@pytest.mark.requirement("E-05", "E-40", "E-19")
def test_compression_changes_no_pixel(spool: Spool) -> None:
    spool.keep_rules(RULES | {"compression": "jpeg-ls"}, 2)
    centre, data = MemoryCentre(), image()
    take(spool, data)
    Uploading(spool, centre).step()
    (sent,) = centre.objects.values()
    before, after = pydicom.dcmread(BytesIO(data)), pydicom.dcmread(BytesIO(sent))
    assert after.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert np.array_equal(before.pixel_array, after.pixel_array)
    assert uid_of(sent) == uid_of(data)
    assert len(sent) < len(data)
    assert compressed(sent, "jpeg-ls") == sent, "what is compressed goes as it is"


@pytest.mark.requirement("E-27")
def test_only_what_the_centre_holds_is_ever_cleared_away(spool: Spool) -> None:
    centre = MemoryCentre()
    take(spool, image())
    uploading = Uploading(spool, centre)
    far = datetime(2040, 1, 1, tzinfo=UTC)
    with time_machine.travel(far):
        assert clear_away(spool, Rules()) == 0, "waiting"
    uploading.step()
    with time_machine.travel(far):
        assert clear_away(spool, Rules()) == 0, "sent, not verified"
    uploading.reconcile(older_than=timedelta(0))
    with time_machine.travel(far):
        assert clear_away(spool, Rules()) == 1


def test_rules_of_the_centre_take_effect_without_a_restart(tmp_path: Path) -> None:
    centre = MemoryCentre()
    machine = Gateway(gateway_settings(tmp_path / "gateway"), centre)
    machine.report()
    assert machine.spool.rules() == (Rules(least_free_megabytes=1), 1)
    centre.rules, centre.rules_version = RULES | {"compression": "rle", "unknown": 1}, 2
    machine.report()
    assert machine.spool.rules()[0].compression == "rle"
    centre.rules, centre.rules_version = {"keep_days": "three"}, 3
    machine.report()
    assert machine.spool.rules()[1] == 2, "rules that make no sense are not followed"
    assert centre.reports[-1]["spool"]["waiting"] == {"objects": 0, "megabytes": 0.0}
    assert machine.health.centre_reached_at


@pytest.mark.requirement("E-01")
def test_address_and_credentials_are_all_that_is_needed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    given = {
        "YINGYUN_HOME": str(tmp_path / "home"),
        "YINGYUN_GATEWAY_CENTRE_URL": "https://centre.example/",
        "YINGYUN_GATEWAY_CLIENT_ID": "abc",
        "YINGYUN_GATEWAY_CLIENT_SECRET_FILE": str(secret),
    }
    settings = load(given)
    assert (settings.centre_url, settings.client_secret) == ("https://centre.example", "s3cret")
    Gateway(settings, MemoryCentre(away=True))
    wrong = [
        {"YINGYUN_GATEWAY_CENTRE_URL": "http://centre.example"},
        {"YINGYUN_GATEWAY_CENTRE_URL": ""},
        {"YINGYUN_GATEWAY_CLIENT_ID": ""},
    ]
    for one in wrong:
        with pytest.raises(SettingsError):
            load(given | one)
