"""Finding patients, studies, series and objects by DICOM attributes (PS3.4 C): C-FIND, QIDO-RS."""

from server.finding.attributes import ATTRIBUTES, UNIQUE_KEYS, Level
from server.finding.rules import MatchingKeyError
from server.finding.search import Query, find, instances

__all__ = ["ATTRIBUTES", "UNIQUE_KEYS", "Level", "MatchingKeyError", "Query", "find", "instances"]
