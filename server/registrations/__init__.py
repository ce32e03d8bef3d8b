"""A hospital registers a visit (挂号): it is told to the index, and where the person consented to
caching, his history is applied for (E-20, E-21).

    registered = registrations.register_visit(session, caller, person, visit)
    registrations.prepare_first(cloud, session, institution_id, numbers, person_id)
"""

from server.registrations.applying import Registered, register_visit
from server.registrations.emergencies import prepare_first
from server.registrations.visit import VisitFacts

__all__ = ["Registered", "VisitFacts", "prepare_first", "register_visit"]
