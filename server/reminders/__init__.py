"""Reminders at reception and ordering, and mutual recognition (智能提醒、互认; E-28, E-29, H-06).

checked = reminders.check(cloud, session, caller, person, order, source=…)
reminders.decide(session, checked.reminder, Decided(…), actor=…, source=…)
"""

from server.reminders.checking import Checked, Order, check, offers_of, open_reminder
from server.reminders.deciding import (
    REASON_WORDS,
    Decided,
    DecisionRefusedError,
    Reason,
    Refusal,
    decide,
)
from server.reminders.examination import Examination, examination
from server.reminders.history import PastExamination, Place, history_begins, history_of
from server.reminders.rules import RulesError, load_rules

__all__ = [
    "REASON_WORDS",
    "Checked",
    "Decided",
    "DecisionRefusedError",
    "Examination",
    "Order",
    "PastExamination",
    "Place",
    "Reason",
    "Refusal",
    "RulesError",
    "check",
    "decide",
    "examination",
    "history_begins",
    "history_of",
    "load_rules",
    "offers_of",
    "open_reminder",
]
