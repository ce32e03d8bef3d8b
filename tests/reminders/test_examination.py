"""The table of same examinations, and cycles (E-30, H-06, H-16)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.reminders import RulesError, examination, load_rules
from server.settings import Settings

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CHEST_CT = examination("CT", "", "胸部CT平扫")


@pytest.mark.requirement("E-30")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("CT", "", "胸部CT平扫"), ("CT", "CHEST", "Chest 5.0mm 平扫"), True),
        (("CT", "", "胸部CT平扫"), ("CT", "CHEST", "胸部CT增强"), False),
        (("CT", "", "胸部CT平扫"), ("CT", "CHEST", "胸腹部CT平扫"), False),
        (("CT", "", "胸部CT平扫"), ("CT", "CHEST", "胸部CT平扫+增强"), False),
        (("CT", "", "胸部CT平扫"), ("CT", "CHEST", "胸部CT"), False),
        (("CT", "", "头颅CT平扫"), ("MR", "HEAD", "头颅平扫"), False),
        (("MR", "", "颈椎MRI增强"), ("MR", "CSPINE", "增强"), True),
        (("DX", "", "膝关节正位"), ("CR", "KNEE", "前后位"), True),
        (("DX", "", "膝关节正位"), ("DX", "KNEE", "侧位"), False),
        (("DX", "", "左膝正位"), ("DX", "", "右膝正位"), False),
        (("DX", "", "胸部正侧位"), ("DX", "CHEST", "胸部正位"), False),
        (("DX", "", "胸部正位"), ("DX", "CHEST", "胸部后前位"), True),
        (("CT", "", "头颈部CTA"), ("CT", "HEADNECK", "血管成像"), True),
    ],
)
def test_the_same_examination_has_all_three_equal(
    one: tuple[str, str, str], other: tuple[str, str, str], same: bool
) -> None:
    assert examination(*one).is_same(examination(*other)) is same
    assert examination(*other).is_same(examination(*one)) is same


def test_what_is_not_known_is_not_the_same() -> None:
    unknown = examination("CT", "", "检查")
    assert not unknown.is_same(unknown)


@pytest.mark.requirement("H-16")
def test_the_profile_sets_the_cycle(settings: Settings) -> None:
    assert load_rules(settings).earliest(CHEST_CT, NOW) is None
    monthly = load_rules(replace(settings, reminder_profile="001"))
    assert monthly.earliest(CHEST_CT, NOW) == NOW - timedelta(days=30)
    with pytest.raises(RulesError):
        load_rules(replace(settings, reminder_profile="002"))


@pytest.mark.requirement("H-06")
def test_only_configured_items_remind_each_with_its_cycle(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "items.json"
    item = {"modality": "CT", "body_part": "CHEST", "method": "plain", "cycle_days": 7}
    file.write_text(json.dumps({"items": [item]}), encoding="utf-8")
    rules = load_rules(replace(settings, reminders_file=file))
    assert rules.reminds(CHEST_CT)
    assert rules.earliest(CHEST_CT, NOW) == NOW - timedelta(days=7)
    assert not rules.reminds(examination("CT", "", "胸部CT增强"))
    file.write_text('{"items": [{"name": "CT"}]}', encoding="utf-8")
    with pytest.raises(RulesError):
        load_rules(replace(settings, reminders_file=file))
