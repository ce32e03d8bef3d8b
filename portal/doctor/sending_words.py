"""The states and faults of sending, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from server.model import Sending, SendingState


def state_words(sending: Sending) -> str:
    """Return how far an order is."""
    return {
        SendingState.QUEUED: _("排队中"),
        SendingState.SENDING: _(
            "正在发送 %(sent)d / %(total)d", sent=sending.sent, total=sending.total
        ),
        SendingState.WAITING: _("等待重试"),
        SendingState.DONE: _("已发送 %(sent)d 个对象", sent=sending.sent),
        SendingState.FAILED: _("未完成"),
    }[sending.state]


def failure_words(failure: str) -> str:
    """Return why a try ended early; "" where none did."""
    words = {
        "": "",
        "unreachable": _("连接不上该节点：可能没有开机，地址或端口不对，或证书不被信任。"),
        "rejected": _("该节点拒绝连接：请核对双方的 AE 名称是否已登记。"),
        "certificate": _("读取不了连接该节点所需的证书，请联系管理员。"),
        "broken": _("与该节点的连接中断。"),
        "no_room": _("该节点的存储空间不足。"),
        "refused": _("部分影像没有被接收，原因见下。"),
        "unknown_node": _("该节点已从配置中删除。"),
        "access_ended": _("发送人已无权访问此检查，发送停止。"),
        "given_up": _("多次发送没有成功，已停止重试。"),
        "nodes_file": _("节点的配置文件有误，请联系管理员。"),
    }
    return words.get(failure, failure)


def refusal_words(reason: str) -> str:
    """Return why one object was not taken; a status of the node stands as it is (PS3.4 B.2.3)."""
    if reason.startswith("status_"):
        return _("该节点返回错误 %(status)s", status=f"0x{reason.removeprefix('status_')}")
    return {
        "not_accepted": _("该节点不接收这类影像或这种压缩格式"),
        "no_file_meta": _("影像文件缺少文件头，无法发送"),
        "unreadable": _("存储中的影像读取不了"),
    }.get(reason, reason)
