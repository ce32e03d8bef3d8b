"""What DICOM queries (QIDO-RS, C-FIND) match and return, found in the index alone."""

from server.dicom_index.attributes import Level, QueryError, attributes_of, matching_keys
from server.dicom_index.finding import Match, Query, count, find

__all__ = [
    "Level",
    "Match",
    "Query",
    "QueryError",
    "attributes_of",
    "count",
    "find",
    "matching_keys",
]
