"""The patient's own pages: the time line, two examinations compared, what other provinces hold."""

from portal.patient import compare, elsewhere
from portal.patient.views import blueprint

blueprint.register_blueprint(elsewhere.blueprint)

__all__ = ["blueprint", "compare"]
