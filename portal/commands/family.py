"""`yingyun family`: declarations of guardians, reviewed by the operator (A-09)."""

from __future__ import annotations

from collections.abc import Callable

import click

from portal.commands.common import ready_cloud
from server import family as families
from server import people
from server.family import InvitationError
from server.family.invitations import evidence_number


@click.group()
def family() -> None:
    """亲情账户申请的审核 / Review of declarations for family accounts."""


@family.command("list")
def list_() -> None:
    """列出待审核的申请 / List the declarations that wait."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        waiting = families.in_review(session)
        for one in waiting:
            guardian = people.mask_name(one.guardian.name)
            paper = people.mask_id_number(evidence_number(cloud, one))
            known = "有登记 / on record" if one.member_id else "无登记 / not on record"
            click.echo(
                f"{one.invitation_id}  {guardian} → {one.member_label}（{one.relation}）  "
                f"{one.evidence_kind} {paper}  {known}"
            )
    if not waiting:
        click.echo("没有待审核的申请 / nothing waits")


@family.command("approve")
@click.argument("invitation_id")
def approve(invitation_id: str) -> None:
    """核对证明材料后同意 / Approve, once the paper was seen."""
    _answer(families.approve, invitation_id)
    click.echo("已同意 / approved")


@family.command("refuse")
@click.argument("invitation_id")
def refuse(invitation_id: str) -> None:
    """不予通过 / Refuse."""
    _answer(families.refuse, invitation_id)
    click.echo("已拒绝 / refused")


def _answer(decide: Callable[..., None], invitation_id: str) -> None:
    cloud = ready_cloud()
    try:
        with cloud.database.session() as session:
            decide(cloud, session, invitation_id, actor_kind="system", actor="cli")
    except InvitationError as error:
        raise click.ClickException(str(error)) from error
