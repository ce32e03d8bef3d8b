"""Who is in the demo. All of it is invented: people, hospitals, numbers.

ID numbers (居民身份证号) begin with 999901, a region that GB/T 2260 does not assign, and carry a
right check letter (GB 11643); phone numbers begin with 100, a prefix that no carrier has; person
codes and hospital codes begin with 99.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from server.demo.dicom.subjects import Hospital, Patient
from server.model import Role

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_UNIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def id_number(birth_date: date, order: int) -> str:
    """Return the ID number of the invented region 999901; an odd `order` (0…999) is a man's."""
    body = f"999901{birth_date:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CHECK[total % 11]


def unit_code(body: str) -> str:
    """Return an 18-character unit code (GB 32100) for the first 17 characters."""
    total = sum(_UNIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _UNIT_ALPHABET[(31 - total % 31) % 31]


PROVINCIAL = Hospital(
    code=unit_code("12990000MB0000001"),
    name="示范省立医院",
    address="示范省示范市影像路1号",
    department="医学影像科",
    manufacturer="影云虚拟设备",
    province_code="990000",
    province_name="示范省",
)
CITY = Hospital(
    code=unit_code("12990100MB0000002"),
    name="示范市第一人民医院",
    address="示范省示范市健康大道88号",
    department="放射科",
    manufacturer="样例医疗",
    province_code="990000",
    province_name="示范省",
)
ABROAD = Hospital(
    code=unit_code("12980000MB0000003"),
    name="样例大学附属医院",
    address="样例省样例市学府路6号",
    department="放射诊断科",
    manufacturer="样例医疗",
    province_code="980000",
    province_name="样例省",
)
HOSPITALS = (PROVINCIAL, CITY, ABROAD)


@dataclass(frozen=True)
class DemoPerson:
    """An insured person of the demo."""

    key: str
    person_code: str
    name: str
    family: str
    given: str
    latin: str
    sex: str
    birth_date: date
    order: int
    phone: str
    weight: float
    size: float

    @property
    def id_number(self) -> str:
        """The ID number, made as `id_number` says."""
        return id_number(self.birth_date, self.order)

    def patient(self, patient_id: str, latin: bool = False) -> Patient:
        """Return the person as a hospital registered them.

        `latin` adds the alphabetic group of a PN before the ideographic one (PS3.5 6.2.1).
        """
        ideographic = f"{self.family}^{self.given}" if self.given else self.family
        return Patient(
            patient_id=patient_id,
            dicom_name=f"{self.latin}={ideographic}" if latin else self.name,
            sex=self.sex,
            birth_date=self.birth_date,
            weight=self.weight,
            size=self.size,
        )


def _person(key: str, code: int, names: tuple[str, str, str], sex: str, born: date, order: int,
            body: tuple[float, float]) -> DemoPerson:  # fmt: skip
    family, given, latin = names
    return DemoPerson(
        key=key,
        person_code=f"99{code:024d}",
        name=family + given,
        family=family,
        given=given,
        latin=latin,
        sex=sex,
        birth_date=born,
        order=order,
        phone=f"100{code:08d}",
        weight=body[0],
        size=body[1],
    )


PATIENT = _person(
    "patient", 1, ("张", "示范", "Zhang^Shifan"), "M", date(1972, 3, 8), 11, (71.5, 1.72)
)
SPOUSE = _person(
    "spouse", 2, ("李", "样例", "Li^Yangli"), "F", date(1973, 11, 21), 22, (58.0, 1.61)
)
PARENT = _person(
    "parent", 3, ("张", "试用", "Zhang^Shiyong"), "M", date(1946, 6, 2), 33, (64.0, 1.68)
)
STRANGER = _person(
    "stranger", 4, ("阿卜杜热合曼·示例", "", "Abdurahman^Shili"), "M", date(1988, 9, 15), 55,
    (80.0, 1.79),
)  # fmt: skip
ENGINEER = _person(
    "engineer", 5, ("测试", "样本", "Ceshi^Yangben"), "M", date(1990, 1, 1), 77, (70.0, 1.75)
)
PERSONS = (PATIENT, SPOUSE, PARENT, STRANGER, ENGINEER)
# guardian, member, relation of the member to the guardian
FAMILY = ((PATIENT, SPOUSE, "配偶"), (PATIENT, PARENT, "父母"))


@dataclass(frozen=True)
class DemoLogin:
    """An account of the demo; its password is made at random at the first run."""

    login: str
    role: Role
    person: DemoPerson | None = None
    hospital: Hospital | None = None


LOGINS = (
    DemoLogin("zhang.shifan", Role.PATIENT, PATIENT),
    DemoLogin("li.yangli", Role.PATIENT, SPOUSE),
    DemoLogin("abdurahman", Role.PATIENT, STRANGER),
    DemoLogin("ceshi.yangben", Role.PATIENT, ENGINEER),
    DemoLogin("doctor.shengli", Role.DOCTOR, hospital=PROVINCIAL),
    DemoLogin("doctor.shiyi", Role.DOCTOR, hospital=CITY),
    DemoLogin("doctor.yangli", Role.DOCTOR, hospital=ABROAD),
    DemoLogin("admin.shiyi", Role.INSTITUTION_ADMINISTRATOR, hospital=CITY),
    DemoLogin("centre.admin", Role.ADMINISTRATOR),
    DemoLogin("centre.second", Role.ADMINISTRATOR),
    DemoLogin("centre.auditor", Role.AUDITOR),
    DemoLogin("centre.supervisor", Role.SUPERVISOR),
)
