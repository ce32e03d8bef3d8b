"""Which examinations remind, and for how long: configured items and reminder cycles (H-06)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.reminders.examination import Examination

if TYPE_CHECKING:
    from server.settings import Settings

# Days for which an examination reminds where no item says so; None is for ever. Profile 001 has
# the one month of 《医疗机构放射影像检查项目互认工作指引》(2024版), H-16.
PROFILES: dict[str, int | None] = {"national": None, "001": 30}


class RulesError(ValueError):
    """The reminders file, or the profile, cannot be used; the message says why."""


class Item(BaseModel):
    """One item of mutual recognition (互认项目); "" fits every body part or method."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modality: str
    body_part: str = ""
    method: str = ""
    cycle_days: int | None = Field(None, gt=0)

    def fits(self, examination: Examination) -> bool:
        """Whether the item means this examination."""
        return (
            self.modality == examination.modality
            and self.body_part in {"", examination.body_part}
            and self.method in {"", examination.method}
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: tuple[Item, ...]


@dataclass(frozen=True)
class Rules:
    """`items` None: every examination reminds. The first item that fits counts."""

    items: tuple[Item, ...] | None
    default_days: int | None

    def reminds(self, examination: Examination) -> bool:
        """Whether an order of this examination reminds at all."""
        return self.items is None or self._item(examination) is not None

    def earliest(self, examination: Examination, now: datetime) -> datetime | None:
        """Return since when an examination of the past reminds; None is ever since."""
        item = self._item(examination)
        days = item.cycle_days if item is not None and item.cycle_days else self.default_days
        return None if days is None else now - timedelta(days=days)

    def _item(self, examination: Examination) -> Item | None:
        return next((one for one in self.items or () if one.fits(examination)), None)


def load_rules(settings: Settings) -> Rules:
    """Read the rules, afresh each time. Raises RulesError."""
    if settings.reminder_profile not in PROFILES:
        raise RulesError(f"no reminder profile is called {settings.reminder_profile!r}")
    default_days = PROFILES[settings.reminder_profile]
    if settings.reminders_file is None:
        return Rules(None, default_days)
    try:
        read = json.loads(settings.reminders_file.read_text(encoding="utf-8"))
        return Rules(_File.model_validate(read).items, default_days)
    except (OSError, ValueError, ValidationError) as error:
        raise RulesError(f"the reminders file cannot be used: {type(error).__name__}") from error
