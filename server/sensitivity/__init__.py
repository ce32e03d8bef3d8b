"""Marks of how sensitive images, reports and identities are, and what they forbid (F-09).

`marks` says what is marked and sets it, `policy` what a mark forbids to whom; the one decision of
`server.access` asks it for every object, `permitted` puts it to a whole search.
"""

from server.sensitivity.marks import Marked, Sensitivity, is_special, set_marks
from server.sensitivity.permitted import permitted
from server.sensitivity.policy import Policy, PolicyError, Reader, load_policy

__all__ = [
    "Marked",
    "Policy",
    "PolicyError",
    "Reader",
    "Sensitivity",
    "is_special",
    "load_policy",
    "permitted",
    "set_marks",
]
