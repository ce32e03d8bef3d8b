"""Why something was not cached, in words for people: Chinese / English."""

from __future__ import annotations

from server.cache_applications.reasons import Reason

_WORDS = {
    "unreachable": (
        "连不上对方，系统自动重试；请检查网络 / "
        "the other side cannot be reached; tried again by itself, check the network"
    ),
    "timeout": "对方应答超时，系统自动重试 / no answer in time; tried again by itself",
    "tls": "对方证书不被信任，请核对证书设置 / the certificate is not trusted; check the settings",
    "broken_off": "传输中断，从断点继续 / broken off; goes on from there",
    "not_ready": "对方仍在接收该检查，稍后重试 / still being received there; tried again later",
    "not_reviewed": "该检查的报告尚未审核，审核后方可调取 / its report is not reviewed yet",
    "unknown": "对方已没有该检查 / the other centre holds no such study",
    "unknown_centre": (
        "省际设置中没有该中心，请在设置文件中补上 / this centre is not in the file of provinces"
    ),
    Reason.CONSENT: "患者已撤回同意，不再缓存 / the patient has withdrawn his consent",
    Reason.SENSITIVE: "该检查标记为敏感，不向外院提供 / marked sensitive: not given away",
    Reason.RECALLING: "该检查在冷存储中，正在调回 / in cold storage, being brought back",
    Reason.OTHER_PROVINCE: (
        "对方给出的机构不属于该省，请联系对方中心 / the institution is not of that province"
    ),
    Reason.STORAGE: "存储暂不可用，系统自动重试 / the store does not answer; tried again",
    Reason.DISK_FULL: "前置机磁盘不足，请扩容 / no room on the front machine's disk",
    Reason.CHANGED: "传输中内容被改变，已丢弃并重试 / changed in transit; thrown away, tried again",
    Reason.NOT_FETCHED: (
        "期限内前置机没有来取，请检查该医院的前置机 / "
        "no front machine came for it in time; check that of the hospital"
    ),
    "not_an_image": (
        "收到的内容不是可读的影像，请联系保存该检查的中心 / "
        "what came is no readable image; ask the centre that holds it"
    ),
}
_OTHER = "未成功（{reason}），系统自动重试 / not successful ({reason}); tried again"


def words(reason: str) -> str:
    """Return why something was not cached and what to do, "" where nothing went wrong."""
    return _WORDS.get(reason, _OTHER.format(reason=reason)) if reason else ""
