"""A reminder as a card of CDS Hooks 2.0, for systems that show such cards."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from portal.api.reminder_models import Card, Coding, Source, Suggestion
from server.model import Reminder
from server.reminders import REASON_WORDS, PastExamination
from server.settings import Settings
from server.terms import china_time

# Its codes are ours; CDS Hooks wants a system that names them.
REASON_SYSTEM = "urn:yingyun:reexamination-reason"
_LONGEST_SUMMARY = 140  # characters, by CDS Hooks


def cards_of(
    settings: Settings, reminder: Reminder, offers: Sequence[PastExamination]
) -> list[Card]:
    """Return one card: each examination that was offered is a suggestion to recognise it, each
    reason for a new one an override reason."""
    summary = _("患者已做过 %(n)s 次相同检查，可以互认", n=len(offers))
    return [
        Card(
            uuid=reminder.reminder_id,
            summary=summary[:_LONGEST_SUMMARY],
            detail="\n".join(f"- {_line(one)}" for one in offers),
            indicator="warning",
            source=Source(label=settings.site_name, url=settings.base_url),
            suggestions=[
                Suggestion(
                    label=_("互认：%(study)s", study=_line(one)),
                    uuid=one.cloud_index,
                    isRecommended=number == 0,
                )
                for number, one in enumerate(offers)
            ],
            selectionBehavior="at-most-one",
            overrideReasons=[
                Coding(code=str(reason), system=REASON_SYSTEM, display=words)
                for reason, words in REASON_WORDS.items()
            ],
        )
    ]


def _line(one: PastExamination) -> str:
    day = china_time(one.study_datetime).strftime("%Y-%m-%d")
    return " · ".join(part for part in (day, one.institution_name, one.exam_item) if part)
