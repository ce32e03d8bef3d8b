"""Messages to the owner of an account when something about signing in has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import messages
from server.model import Account

if TYPE_CHECKING:
    from server.cloud import ImageCloud

ADVICE = "如非本人操作，请立即登录“我的账户”退出其他设备并修改密码，或联系医院。"


def tell(cloud: ImageCloud, session: Session, account: Account, what: str) -> None:
    """Tell the owner, where a message reaches him, what happened, and what to do if not by him."""
    messages.send(
        cloud, session, account=account, body=f"【{cloud.settings.site_name}】{what}{ADVICE}"
    )
