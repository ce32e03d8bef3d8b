"""Hospital items mapped to insurance items (D-16)."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin.console import actor, asked_institution, choosable, in_language, show
from portal.admin.sections import changes, reads
from portal.context import database_session
from portal.typed import number_of
from server.centre import coding, institutions
from server.centre.acting import OutOfReachError
from server.centre.coding import MappingError, StandardItem
from server.csv_files import CsvError

blueprint = Blueprint("admin_coding", __name__, url_prefix="/admin/coding")

LIST = "/admin/coding"


@blueprint.get("")
@reads("coding")
def page() -> str:
    """Show what is not mapped yet, then what is."""
    session, who, chosen = database_session(), actor(), asked_institution()
    return show(
        "admin/coding.html",
        unmapped=coding.unmapped(session, chosen),
        mappings=coding.mappings(session, who, chosen),
        institutions=choosable(),
        all_institutions=[row.institution for row in institutions.rows(session, who)],
        chosen=chosen,
        heads="，".join(coding.HEADS),
    )


@blueprint.post("")
@changes("coding")
def keep() -> ResponseReturnValue:
    """Map an item, or map it anew."""
    form = request.form
    item = StandardItem(form.get("item_code", ""), form.get("item_name", ""))
    number = form.get("institution", "")
    try:
        institution_id = number_of(number) or 0
        institutions.find(database_session(), actor(), institution_id)
        coding.keep(
            database_session(), actor(), institution_id, form.get("hospital_item", ""), item
        )
        flash(_("已保存对照。"), "success")
    except MappingError:
        flash(_("请填写医院项目、医保项目代码和名称。"), "error")
    except OutOfReachError as error:
        raise NotFound from error
    return redirect(LIST, 303)


@blueprint.post("/<mapping_id>/remove")
@changes("coding")
def remove(mapping_id: str) -> ResponseReturnValue:
    """Delete a mapping."""
    try:
        coding.remove(database_session(), actor(), mapping_id)
    except OutOfReachError as error:
        raise NotFound from error
    flash(_("已删除对照，该项目重新列为未对照。"), "success")
    return redirect(LIST, 303)


@blueprint.get("/mappings.csv")
@reads("coding")
def export() -> Response:
    """Send the mappings as CSV; they name no person."""
    data = coding.to_csv(database_session(), actor())
    headers = {"Content-Disposition": 'attachment; filename="mappings.csv"'}
    return Response(data, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.post("/load")
@changes("coding")
def load() -> ResponseReturnValue:
    """Take the mappings of a CSV file."""
    file = request.files.get("file")
    try:
        loaded = coding.load(database_session(), actor(), file.read() if file else b"")
    except CsvError as error:
        database_session().rollback()
        flash(in_language(str(error)), "error")
        return redirect(LIST, 303)
    except MappingError:
        database_session().rollback()
        flash(_("文件中有空的项目或代码，没有导入。"), "error")
        return redirect(LIST, 303)
    flash(
        _(
            "已导入：新增 %(added)s 条，更改 %(changed)s 条。",
            added=loaded.added,
            changed=loaded.changed,
        ),
        "success",
    )
    if loaded.unknown:
        flash(_("未导入的机构代码：%(codes)s", codes="、".join(loaded.unknown[:10])), "warning")
    return redirect(LIST, 303)
