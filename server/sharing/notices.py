"""What the giver of a share is told by message (goal 8); it names nobody and no image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import messages
from server.model import Account, Share
from server.terms import china_time

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_DEVICES = {"phone": "手机", "tablet": "平板", "desktop": "电脑", "robot": "程序"}


def tell_first_opening(
    cloud: ImageCloud, session: Session, share: Share, device_class: str
) -> None:
    """Say that a share was opened for the first time, and on what."""
    tell(cloud, session, share, f"已被首次打开（{_DEVICES.get(device_class, '设备')}）")


def tell(cloud: ImageCloud, session: Session, share: Share, what: str) -> None:
    """Send the giver a message about one of his shares."""
    account = session.get(Account, share.account_id)
    if account is None:
        return
    made = china_time(share.created_at).strftime("%m月%d日 %H:%M")
    body = (
        f"【{cloud.settings.site_name}】您 {made} 创建的影像分享{what}。"
        "如有疑问，请登录后在“分享记录”中撤销。"
    )
    messages.send(cloud, session, account=account, body=body)
