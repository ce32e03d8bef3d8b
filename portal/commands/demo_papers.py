"""What the demo tells: `demo.json` for programs, a welcome in the terminal for people."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

import pyotp
from rich.console import Console
from rich.table import Table

from portal.commands.qr import qr_text
from server.demo import DemoSummary


def write_demo_json(path: Path, base_url: str, summary: DemoSummary, *, his_url: str = "") -> None:
    """Write the file at once and for its owner alone; it holds passwords (design §7)."""
    content = {
        "base_url": base_url,
        "his_url": his_url,
        "accounts": [asdict(account) for account in summary.accounts],
        "studies": [asdict(study) for study in summary.studies],
    }
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
    temporary.replace(path)


def _accounts(summary: DemoSummary) -> Table:
    """Lay out the accounts; narrow enough for 80 columns, so that nothing is cut."""
    table = Table(title="演示账户 / demo accounts", box=None)
    headings = ("角色 / role", "账号 / login", "密码 / password", "验证码 / code")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for account in summary.accounts:
        code = pyotp.TOTP(account.totp_secret).now()
        table.add_row(account.role, account.login, account.password, code)
    return table


def print_welcome(base_url: str, papers: Path, summary: DemoSummary, *, his_url: str = "") -> None:
    """Print addresses, accounts and a QR code of the address."""
    console = Console()
    console.print(_accounts(summary))
    console.print("验证码每 30 秒更换；也可在登录时发送短信 / codes change; or use a message")
    console.print(f"网站 / portal      {base_url}/", highlight=False)
    console.print(f"短信 / messages    {base_url}/dev/mailbox", highlight=False)
    if his_url:
        console.print(f"医院系统 / HIS     {his_url}/", highlight=False)
    console.print(f"以上内容 / as file  {papers}", highlight=False)
    console.print(f"运行日志 / logs     {papers.parent / 'logs'}", highlight=False)
    console.print(qr_text(base_url), highlight=False, markup=False)
    console.print("按 Ctrl-C 停止 / stop with Ctrl-C", highlight=False)
