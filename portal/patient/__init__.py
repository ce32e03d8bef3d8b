"""The patient's own pages: the time line of examinations."""

from portal.patient.views import blueprint

__all__ = ["blueprint"]
