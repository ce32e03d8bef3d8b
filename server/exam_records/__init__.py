"""What hospitals tell beside images: examinations (E-15, E-16) and reports (E-17, D-39)."""

from server.exam_records.errors import RecordRefusedError, RefusedRecord
from server.exam_records.examinations import ExamFacts, exam_of, tell
from server.exam_records.reports import Indicator, ReportFacts, Taken, Taking, take, withdraw

__all__ = [
    "ExamFacts",
    "Indicator",
    "RecordRefusedError",
    "RefusedRecord",
    "ReportFacts",
    "Taken",
    "Taking",
    "exam_of",
    "take",
    "tell",
    "withdraw",
]
