"""The doctor's own page: the work list. Reading itself is the study's DICOM page, by his door."""

from portal.doctor.views import blueprint

__all__ = ["blueprint"]
