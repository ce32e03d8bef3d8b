"""The examinations of the demo: who, where, when, which series, which report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from server.demo import people, reports
from server.demo.dicom.ct import CoronalSeries, CtSeries, Reconstruction
from server.demo.dicom.dx import DxSeries
from server.demo.dicom.mr import AXIAL, CORONAL, FLAIR, SAGITTAL, T1, T2, MrSeries
from server.demo.dicom.pet import PetSeries
from server.demo.dicom.subjects import Hospital, SeriesHeader, StudyHeader
from server.demo.dicom.us import UsSeries
from server.demo.files import SeriesPlan
from server.demo.people import DemoPerson
from server.demo.phantom.frame import Anatomy
from server.demo.reports import DemoReport

# The day around which the demo's dates lie. Fixed, so that all files are the same at every run.
TODAY = datetime(2026, 10, 12)


@dataclass(frozen=True)
class DemoStudy:
    """One examination with its person, hospital, series and report."""

    header: StudyHeader
    person: DemoPerson
    modality: str
    series: tuple[SeriesPlan, ...]
    report: DemoReport

    @property
    def hospital(self) -> Hospital:
        """Where it was made."""
        return self.header.hospital


def _study(
    key: str, person: DemoPerson, hospital: Hospital, taken_at: datetime, accession: str,
    description: str, latin: bool = False, character_set: tuple[str, ...] = ("GB18030",),
) -> StudyHeader:  # fmt: skip
    numbers = {people.PROVINCIAL: "S", people.CITY: "C", people.ABROAD: "Y"}
    patient = person.patient(f"{numbers[hospital]}{int(person.person_code[2:]):07d}", latin)
    return StudyHeader(
        key=key,
        patient=patient,
        hospital=hospital,
        taken_at=taken_at,
        accession_number=accession,
        description=description,
        referring_physician="He^Shifan=何^示范",
        performing_physician="Ji^Shijia=技^师甲",
        character_set=character_set,
    )


def ct_header(key: str, number: int, description: str, body_part: str, protocol: str,
        model: str = "虚拟CT 256", station: str = "CT01") -> SeriesHeader:  # fmt: skip
    return SeriesHeader(
        key, number, "CT", description, body_part, protocol, model, station, 60 + 90 * number
    )


def _mr(key: str, number: int, description: str) -> SeriesHeader:
    return SeriesHeader(
        key, number, "MR", description, "HEAD", "头颅平扫", "虚拟MR 3T", "MR01", 120 + 240 * number
    )


LUNG_WINDOW = ((-600, 1500, "肺窗"), (40, 350, "纵隔窗"))


def current_ct() -> DemoStudy:
    """The main study: plain chest, arterial phase, coronal reformats."""
    header = _study(
        "ct-2026", people.PATIENT, people.PROVINCIAL, datetime(2026, 10, 12, 9, 20, 15),
        "CT2026101200187", "胸腹部CT平扫+增强",
    )  # fmt: skip
    body = Anatomy(nodule_diameter=14.0, effusion_depth=9.0)
    plain = Reconstruction(
        thickness=5, spacing=5, kernel="B60f", softness=0.33, noise=26, edge=0.9,
        windows=LUNG_WINDOW,
    )  # fmt: skip
    arterial = Reconstruction(
        thickness=2, spacing=2, noise=11, windows=((40, 400, "软组织窗"), (-600, 1500, "肺窗"))
    )
    return DemoStudy(
        header,
        people.PATIENT,
        "CT",
        (
            CtSeries(header, ct_header("plain", 2, "胸部平扫 5mm 肺", "CHEST", "胸部平扫"), body,
                     60,
                     reconstruction=plain),
            CtSeries(header, ct_header("arterial", 3, "胸腹部动脉期 2mm", "CHEST", "胸腹部增强"),
                     body,
                     212, contrast=True, reconstruction=arterial, tube_current=260),
            CoronalSeries(header, ct_header("coronal", 4, "动脉期 冠状位重建 5mm", "CHEST",
                          "胸腹部增强"),
                          body, 36),
        ),
        reports.CT_CURRENT,
    )  # fmt: skip


def prior_ct() -> DemoStudy:
    """A year earlier at the city hospital: JPEG-LS, unsigned pixels."""
    header = _study(
        "ct-2025", people.PATIENT, people.CITY, datetime(2025, 10, 9, 14, 5, 40),
        "20251009CT0342", "胸部CT平扫",
    )  # fmt: skip
    body = Anatomy(nodule_diameter=8.0, effusion_depth=0.0)
    made = Reconstruction(top=209.5, width=400, noise=14, padded=False, kernel="STANDARD",
                          softness=0.24)  # fmt: skip
    series = ct_header(
        "plain", 201, "Chest 5.0mm 平扫", "CHEST", "胸部常规", "Sample CT 64", "CTROOM2"
    )
    return DemoStudy(
        header, people.PATIENT, "CT",
        (CtSeries(header, series, body, 62, reconstruction=made, compression=JPEGLSLossless),),
        reports.CT_PRIOR,
    )  # fmt: skip


def earliest_ct() -> DemoStudy:
    """Two years earlier in another province: low dose."""
    header = _study(
        "ct-2024", people.PATIENT, people.ABROAD, datetime(2024, 9, 20, 10, 41, 8),
        "YL24092000065", "胸部低剂量CT筛查", latin=True,
    )  # fmt: skip
    body = Anatomy(nodule_diameter=5.0, effusion_depth=0.0)
    made = Reconstruction(thickness=6, spacing=6, top=211, width=390, noise=30, softness=0.3,
                          kernel="LUNG", windows=LUNG_WINDOW)  # fmt: skip
    series = ct_header("low-dose", 2, "低剂量肺 6mm", "CHEST", "肺癌筛查", "Sample CT 128", "CT-Y3")
    return DemoStudy(
        header, people.PATIENT, "CT",
        (CtSeries(header, series, body, 48, reconstruction=made, tube_current=40),),
        reports.CT_EARLIEST,
    )  # fmt: skip


def follow_up_mr() -> DemoStudy:
    """The patient's newest study, whose report waits for its review (A-16)."""
    header = _study(
        "mr-2026", people.PATIENT, people.PROVINCIAL, datetime(2026, 10, 14, 16, 32, 51),
        "MR2026101400051", "头颅MRI平扫",
    )  # fmt: skip
    series = _mr("t2", 2, "T2WI 横轴位")
    return DemoStudy(
        header, people.PATIENT, "MR",
        (MrSeries(header, series, AXIAL, T2, 22, anatomy_seed=23, size=320),),
        reports.MR_FOLLOW_UP,
    )  # fmt: skip


def spouse_mr() -> DemoStudy:
    """MR in three orientations; names in ISO 2022 IR 58; one series in JPEG 2000."""
    header = _study(
        "mr-spouse", people.SPOUSE, people.PROVINCIAL, datetime(2026, 8, 3, 11, 12, 30),
        "MR2026080300023", "头颅MRI平扫", latin=True,
        character_set=("", "ISO 2022 IR 58"),
    )  # fmt: skip
    sagittal = MrSeries(header, _mr("t1", 2, "T1WI 矢状位"), SAGITTAL, T1, 21)
    axial = MrSeries(header, _mr("t2", 3, "T2WI 横轴位"), AXIAL, T2, 24)
    coronal = MrSeries(header, _mr("flair", 4, "T2-FLAIR 冠状位"), CORONAL, FLAIR, 26)
    return DemoStudy(
        header, people.SPOUSE, "MR",
        (sagittal, axial, replace(coronal, compression=JPEG2000Lossless)),
        reports.MR_BRAIN,
    )  # fmt: skip


def chest_dx() -> DemoStudy:
    """The radiograph that led to the CT."""
    header = _study(
        "dx-2026", people.PATIENT, people.PROVINCIAL, datetime(2026, 9, 28, 8, 36, 44),
        "DX2026092800412", "胸部正位DR",
    )  # fmt: skip
    series = SeriesHeader("pa", 1, "DX", "胸部后前位", "CHEST", "胸部正位", "虚拟DR", "DR02", 20)
    body = Anatomy(nodule_diameter=14.0, effusion_depth=6.0)
    return DemoStudy(
        header, people.PATIENT, "DX", (DxSeries(header, series, body),), reports.DX_CHEST
    )


def heart_us() -> DemoStudy:
    """A colour loop of the heart."""
    header = _study(
        "us-2026", people.PATIENT, people.PROVINCIAL, datetime(2026, 9, 30, 10, 15, 9),
        "US2026093000233", "超声心动图",
    )  # fmt: skip
    series = SeriesHeader(
        "loop", 1, "US", "心尖四腔心 CDFI", "HEART", "成人心脏", "虚拟超声", "US05"
    )
    return DemoStudy(header, people.PATIENT, "US", (UsSeries(header, series),), reports.US_HEART)


def parent_pet() -> DemoStudy:
    """PET/CT of the father: both series in one space."""
    header = _study(
        "pet-parent", people.PARENT, people.CITY, datetime(2026, 5, 18, 9, 50, 0),
        "20260518PT0027", "全身PET/CT显像",
    )  # fmt: skip
    body = Anatomy(seed=4, nodule_diameter=26.0, effusion_depth=0.0, metastases=True,
                   hemangioma=False, scale=0.97)  # fmt: skip
    made = Reconstruction(thickness=4.5, spacing=4.5, top=205, width=500, noise=18, edge=1.4,
                          padded=False, kernel="STANDARD")  # fmt: skip
    series = ct_header(
        "ct", 2, "CT 衰减校正 4.5mm", "CHEST", "全身PET/CT", "Sample PET-CT", "PETCT1"
    )
    pet = SeriesHeader("pet", 3, "PT", "PET 衰减校正 WB", "CHEST", "全身PET/CT", "Sample PET-CT",
                       "PETCT1", 420)  # fmt: skip
    return DemoStudy(
        header, people.PARENT, "PT",
        (
            CtSeries(header, series, body, 90, reconstruction=made, tube_current=80),
            PetSeries(header, pet, body, 90, top=205),
        ),
        reports.PET_CT,
    )  # fmt: skip


def stranger_ct() -> DemoStudy:
    """A study of somebody who is nobody's family."""
    header = _study(
        "ct-stranger", people.STRANGER, people.CITY, datetime(2026, 7, 21, 15, 48, 2),
        "20260721CT0518", "胸部CT平扫",
    )  # fmt: skip
    body = Anatomy(seed=9, nodule_diameter=0, effusion_depth=0, hemangioma=False, cyst=False,
                   scale=1.04)  # fmt: skip
    made = Reconstruction(thickness=7, spacing=7, width=400, noise=12, padded=False,
                          windows=LUNG_WINDOW, kernel="STANDARD")  # fmt: skip
    series = ct_header(
        "plain", 2, "Chest 7.0mm 平扫", "CHEST", "胸部常规", "Sample CT 64", "CTROOM2"
    )
    return DemoStudy(
        header, people.STRANGER, "CT",
        (CtSeries(header, series, body, 42, reconstruction=made),), reports.CT_STRANGER,
    )  # fmt: skip


def emergency_dx() -> DemoStudy:
    """An emergency of the night, not reported yet: first in the work list though not the newest."""
    header = _study(
        "dx-emergency", people.STRANGER, people.PROVINCIAL, datetime(2026, 10, 11, 3, 12, 20),
        "DX2026101100007", "急诊胸部正位DR",
    )  # fmt: skip
    header = replace(header, priority="STAT")
    series = SeriesHeader("pa", 1, "DX", "胸部前后位", "CHEST", "急诊胸部", "虚拟DR", "DR01", 15)
    body = Anatomy(seed=9, nodule_diameter=0, effusion_depth=14.0, hemangioma=False, cyst=False,
                   scale=1.04)  # fmt: skip
    return DemoStudy(
        header, people.STRANGER, "DX", (DxSeries(header, series, body),), reports.DX_EMERGENCY
    )


def demo_studies() -> tuple[DemoStudy, ...]:
    """Return all examinations of the demo."""
    return (
        current_ct(),
        prior_ct(),
        earliest_ct(),
        chest_dx(),
        heart_us(),
        follow_up_mr(),
        spouse_mr(),
        parent_pet(),
        stranger_ct(),
        emergency_dx(),
    )
