"""The purpose that is named whenever images are taken away (F-30): its fields, its refusals."""

from __future__ import annotations

import structlog
from flask import flash, request
from flask_babel import gettext as _

from portal.auditing import note_denial
from portal.context import current_cloud
from server import data_use
from server.data_use import ApprovalsFileError, CheckedUse, DataUse, DataUseRefused

log = structlog.get_logger("portal")


def purpose_choices() -> tuple[tuple[str, str], ...]:
    """Return (code, words) of the purposes, care first."""
    words = {
        DataUse.CARE: _("诊疗"),
        DataUse.REFERRAL: _("会诊或转诊"),
        DataUse.TEACHING: _("教学"),
        DataUse.RESEARCH: _("科研"),
        DataUse.QUALITY: _("质量控制"),
        DataUse.AUDIT: _("医保核查"),
    }
    return tuple((str(one), words[one]) for one in DataUse)


def asked_purpose() -> CheckedUse | None:
    """Return the purpose of the request; None, said in words and audited, when it may not be."""
    try:
        return data_use.check(
            current_cloud(), request.values.get("purpose", ""), request.values.get("approval", "")
        )
    except DataUseRefused as refused:
        note_denial(str(refused))
        missing = _("请先选择用途。")
        unknown = _("批准文号未登记、已到期或不适用于所选用途。请联系本院管理员。")
        flash(missing if refused.missing else unknown, "error")
    except ApprovalsFileError as error:
        log.error("data_use_approvals_file_unusable", fault=str(error))
        flash(_("批准文号未登记、已到期或不适用于所选用途。请联系本院管理员。"), "error")
    return None
