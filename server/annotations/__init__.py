"""What readers draw on studies: kept for each reader, exported and taken in as DICOM SR."""

from server.annotations.errors import AnnotationsRefused, StaleRevision
from server.annotations.keeping import Kept, check_places, load, save

__all__ = ["AnnotationsRefused", "Kept", "StaleRevision", "check_places", "load", "save"]
