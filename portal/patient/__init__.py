"""The patient's own pages: the time line of examinations, two of them compared."""

from portal.patient import compare
from portal.patient.views import blueprint

__all__ = ["blueprint", "compare"]
