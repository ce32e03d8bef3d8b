"""Citations (引用): findings and opinion copied into a clinical system, each with an id (H-07).

cited = citations.cite(session, study, Citing(…), source=…)
citations.find(session, cited.citation.citation_id, institution_id)
"""

from server.citations.counting import Counts, counts
from server.citations.making import Cited, Citing, NothingToCiteError, cite, find, text_of

__all__ = [
    "Cited",
    "Citing",
    "Counts",
    "NothingToCiteError",
    "cite",
    "counts",
    "find",
    "text_of",
]
