"""What a patient reads of the state of a copy, and why a try did not succeed (A-11, A-49)."""

from __future__ import annotations

from flask_babel import gettext as _

from server.model import UNFINISHED_CACHING, CacheRequest, CacheState


def state_words(state: CacheState | None) -> str:
    """Return how far a copy is."""
    words = {
        None: _("尚未申请"),
        CacheState.APPLIED: _("已申请，等待调取"),
        CacheState.FETCHING: _("正在调取"),
        CacheState.CACHED: _("已调取"),
        CacheState.FAILED: _("调取失败"),
        CacheState.EXPIRED: _("副本已删除"),
    }
    return words[state]


def failure_words(asked: CacheRequest | None) -> str:
    """Return why the last try did not succeed and what comes next, "" when nothing went wrong."""
    if asked is None or not asked.failure:
        return ""
    reason = _reason(asked.failure)
    if asked.state in UNFINISHED_CACHING:
        return _("%(reason)s，系统会自动重试，无需操作。", reason=reason)
    if asked.failure in _FINAL:
        return _("%(reason)s。如有疑问，请联系检查医院。", reason=reason)
    return _("%(reason)s。请稍后重新申请；多次不成功时请联系检查医院。", reason=reason)


# What trying again will not mend by itself.
_FINAL = frozenset(
    {
        "unknown",
        "not_reviewed",
        "held_already",
        "other_study",
        "other_province",
        "other_institution",
    }
)


def _reason(failure: str) -> str:
    words = {
        "unreachable": _("对方中心暂时无法连接"),
        "timeout": _("对方中心长时间没有响应"),
        "tls": _("与对方中心的安全连接未能建立"),
        "broken_off": _("传输中断"),
        "changed_in_transit": _("收到的数据与原数据不一致，已拒收"),
        "not_reviewed": _("对方医院的报告尚未审核通过"),
        "unknown": _("对方中心没有找到这次检查"),
        "unknown_centre": _("该省份的影像中心尚未接入"),
        "held_already": _("本中心已有这次检查"),
        "consent_withdrawn": _("您已撤回调取同意"),
        "access_ended": _("您已无权查看该成员的资料"),
    }
    return words.get(failure, _("调取没有完成"))
