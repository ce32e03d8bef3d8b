"""What providers of health sensors and of health AI send of a person (D-34).

It is no part of the clinical records: it has a table of its own, its content is sealed, and only
the person reads it (“我的健康数据”).
"""

from server.external_data.errors import ExternalRefusedError, RefusedData
from server.external_data.reading import ExternalData, forget, of_person
from server.external_data.receiving import Received, receive, whose
from server.external_data.schema import (
    UNITS,
    AiFinding,
    AiResult,
    Measure,
    SensorObservation,
)

__all__ = [
    "UNITS",
    "AiFinding",
    "AiResult",
    "ExternalData",
    "ExternalRefusedError",
    "Measure",
    "Received",
    "RefusedData",
    "SensorObservation",
    "forget",
    "of_person",
    "receive",
    "whose",
]
