"""The patient's own pages: the time line of examinations, and what other provinces hold."""

from portal.patient import elsewhere
from portal.patient.views import blueprint

blueprint.register_blueprint(elsewhere.blueprint)

__all__ = ["blueprint"]
