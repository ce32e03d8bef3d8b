"""“Family account”: whom I may view, who may view me, and what waits for an answer (A-09)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.exceptions import NotFound
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.account import own_account
from portal.auth.words import in_language
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import source_address
from portal.next_url import safe_next
from server import family
from server.family import EVIDENCE, RELATIONS, FamilyError, Invitation, TooManyInvitations
from server.model import Role
from server.people import IdNumberError

blueprint = Blueprint("family", __name__)

FAMILY = "/family"
UNPROCESSABLE = 422
TOO_MANY = 429
DECLARED = "declared"


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def relation_name(relation: str) -> str:
    """Return a relation in the reader's language; one that an operator wrote stays as it is."""
    names = {
        "配偶": _("配偶"),
        "父亲": _("父亲"),
        "母亲": _("母亲"),
        "儿子": _("儿子"),
        "女儿": _("女儿"),
        "父母": _("父母"),
        "子女": _("子女"),
        "祖父母": _("祖父母"),
        "孙辈": _("孙辈"),
        "其他亲属": _("其他亲属"),
    }
    return str(names.get(relation, relation))


def _evidence_name(kind: str) -> str:
    names = {
        "出生医学证明": _("出生医学证明"),
        "户口簿": _("户口簿"),
        "监护证明": _("监护证明"),
        "委托书": _("委托书"),
    }
    return str(names[kind])


class InviteForm(FlaskForm):  # type: ignore[misc]
    """Whom one invites, and by which way he agrees."""

    name = StringField(
        _l("成员姓名"),
        filters=[_strip],
        validators=[InputRequired(_l("请填写姓名")), Length(max=100)],
    )
    id_number = StringField(
        _l("成员身份证号"),
        filters=[_strip],
        validators=[InputRequired(_l("请填写身份证号")), Length(max=18)],
    )
    relation = SelectField(
        _l("成员是我的"), validators=[InputRequired(_l("请选择关系"))], choices=RELATIONS
    )
    consent_by = RadioField(
        _l("由谁同意"), choices=["member", DECLARED], default="member", validate_choice=True
    )
    evidence_kind = SelectField(_l("证明材料"), choices=EVIDENCE, validate_choice=False)
    evidence_number = StringField(_l("证明材料编号"), filters=[_strip], validators=[Length(max=60)])
    declaration = BooleanField(_l("我声明以上内容属实，我是该成员的监护人或受其委托"))

    def label_choices(self) -> None:
        """Say the choices in the reader's language."""
        self.relation.choices = [(one, relation_name(one)) for one in RELATIONS]
        self.evidence_kind.choices = [(one, _evidence_name(one)) for one in EVIDENCE]

    @property
    def declared(self) -> bool:
        """Whether the asker vouches for the member himself."""
        return bool(self.consent_by.data == DECLARED)


@blueprint.get(FAMILY)
@signed_in(roles=(Role.PATIENT,))
def family_page() -> str:
    """Show the family account."""
    account = own_account()
    overview = family.overview(database_session(), account)
    return render_template("family/page.html", family=overview, relation_name=relation_name)


@blueprint.get("/family/invite")
@signed_in(roles=(Role.PATIENT,))
def invite_page() -> ResponseReturnValue:
    """Show the form by which a relative is invited."""
    return _form(InviteForm())


def _form(form: InviteForm, status: int = 200) -> ResponseReturnValue:
    form.label_choices()
    return render_template("family/invite.html", form=form), status


@blueprint.post("/family/invite")
@signed_in(roles=(Role.PATIENT,))
def invite() -> ResponseReturnValue:
    """Invite a relative; the answer is the same whether or not he is on record."""
    form = InviteForm()
    if not form.validate():
        return _form(form, UNPROCESSABLE)
    if form.declared and not form.declaration.data:
        form.declaration.errors = [_("请勾选声明")]
        return _form(form, UNPROCESSABLE)
    asked = Invitation(
        id_number=form.id_number.data or "",
        name=form.name.data or "",
        relation=form.relation.data or "",
        declared=form.declared,
        evidence_kind=form.evidence_kind.data or "",
        evidence_number=form.evidence_number.data or "",
    )
    try:
        family.invite(
            current_cloud(), database_session(), own_account(), asked, source=source_address()
        )
    except IdNumberError:
        form.id_number.errors = [_("身份证号有误，请核对后重填。")]
        return _form(form, UNPROCESSABLE)
    except FamilyError as error:
        flash(in_language(error), "error")
        return _form(form, TOO_MANY if isinstance(error, TooManyInvitations) else UNPROCESSABLE)
    words = _("已提交。") if form.declared else _("邀请已发出，对方 7 天内同意后即可查看。")
    return _back(words)


@blueprint.post("/family/invitations/<invitation_id>/accept")
@signed_in(roles=(Role.PATIENT,))
def accept(invitation_id: str) -> ResponseReturnValue:
    """Agree that a relative views one's records."""
    cloud, session = current_cloud(), database_session()
    return _done(
        lambda: family.accept(
            cloud, session, own_account(), invitation_id, source=source_address()
        ),
        _("您已同意，可随时在此解除。"),
    )


@blueprint.post("/family/invitations/<invitation_id>/decline")
@signed_in(roles=(Role.PATIENT,))
def decline(invitation_id: str) -> ResponseReturnValue:
    """Refuse that somebody views one's records."""
    cloud, session = current_cloud(), database_session()
    return _done(
        lambda: family.decline(
            cloud, session, own_account(), invitation_id, source=source_address()
        ),
        _("您已拒绝，对方看不到您的任何资料。"),
    )


@blueprint.post("/family/invitations/<invitation_id>/take-back")
@signed_in(roles=(Role.PATIENT,))
def take_back(invitation_id: str) -> ResponseReturnValue:
    """Withdraw an invitation."""
    session = database_session()
    return _done(
        lambda: family.take_back(session, own_account(), invitation_id, source=source_address()),
        _("邀请已撤回。"),
    )


@blueprint.get("/family/notice/<int:link_id>")
@signed_in(roles=(Role.PATIENT,))
def notice_page(link_id: int) -> ResponseReturnValue:
    """Say, before the first study of a relative is opened, what is sensitive in it (F-25)."""
    target = safe_next(request.args.get("next"), "/studies")
    links = family.overview(database_session(), own_account()).viewing
    link = next((one for one in links if one.id == link_id), None)
    if link is None:
        raise NotFound
    return render_template("family/notice.html", link=link, target=target)


@blueprint.post("/family/notice/<int:link_id>")
@signed_in(roles=(Role.PATIENT,))
def acknowledge(link_id: int) -> ResponseReturnValue:
    """Note that he was told, and go on to the study."""
    try:
        family.acknowledge(database_session(), own_account(), link_id, source=source_address())
    except FamilyError as error:
        return _back(in_language(error), "error")
    return redirect(safe_next(request.form.get("next"), "/studies"), 303)


@blueprint.post("/family/links/<int:link_id>/end")
@signed_in(roles=(Role.PATIENT,))
def end(link_id: int) -> ResponseReturnValue:
    """End a family link, from either side."""
    try:
        family.end_link(
            current_cloud(), database_session(), own_account(), link_id, source=source_address()
        )
    except FamilyError as error:
        return _back(in_language(error), "error")
    return _back(_("亲情关系已解除，立即生效。"))


def _done(change: Callable[[], object], words: str) -> ResponseReturnValue:
    """Change something between two people, and say what came of it."""
    try:
        change()
    except FamilyError as error:
        return _back(in_language(error), "error")
    return _back(words)


def _back(words: str, kind: str = "success") -> ResponseReturnValue:
    flash(words, kind)
    return redirect(FAMILY, 303)
