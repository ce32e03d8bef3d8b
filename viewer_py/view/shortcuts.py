"""What the keyboard, the mouse and fingers do, in words, read from the command table."""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.view.commands import COMMANDS
from viewer_py.view.mouse_mapping import MAPPINGS

HELP_KEY = "?"


@dataclass(frozen=True)
class Shortcut:
    """One key (or gesture) and what it does; `command` is "" for what the page itself does."""

    key: str
    label: str
    label_en: str
    command: str = ""

    @property
    def shown(self) -> str:
        """Return the key as it is written on a keyboard."""
        capital = len(self.key) == 1 and self.key.isupper()
        return f"Shift + {self.key}" if capital else _ON_KEYBOARD.get(self.key, self.key)


@dataclass(frozen=True)
class Shortcuts:
    """All that a reader can do without a button."""

    keys: tuple[Shortcut, ...]
    gestures: tuple[Shortcut, ...]


_ON_KEYBOARD = {"ArrowUp": "↑", "ArrowDown": "↓", "ArrowLeft": "←", "ArrowRight": "→"}
# What view.pointer and view.wheel do whatever tool is chosen.
_GESTURES = (
    *(
        Shortcut("鼠标按键 / mouse buttons", one.label, one.label_en, "mouse.mapping")
        for one in MAPPINGS
    ),
    Shortcut("滚轮 / wheel", "翻页", "Page through the images"),
    Shortcut("Ctrl + 滚轮 / Ctrl + wheel", "缩放", "Zoom"),
    Shortcut("双击 / double click", "单窗格与多窗格切换", "One pane alone, and back"),
    Shortcut("单指 / one finger", "所选工具，未选时移动", "The chosen tool; without one, pan"),
    Shortcut("双指 / two fingers", "缩放并移动", "Zoom and pan"),
)


def shortcuts() -> Shortcuts:
    """Return every key of the command table, in its order, the key of this list first."""
    keys = [Shortcut(HELP_KEY, "快捷键一览", "This list")]
    for command in COMMANDS:
        if command.key:
            keys.append(Shortcut(command.key, command.label, command.label_en, command.name))
        for choice in command.choices:
            if choice.key:
                keys.append(
                    Shortcut(
                        choice.key,
                        f"{command.label}：{choice.label}",
                        f"{command.label_en}: {choice.label_en}",
                        command.name,
                    )
                )
    return Shortcuts(tuple(keys), _GESTURES)
