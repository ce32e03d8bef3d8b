"""`yingyun archive …`: retention, decisions by two people."""

from __future__ import annotations

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.commands.common import ready_cloud
from server.archive import decisions, erasure, replica, retention
from server.model import Account, DecisionKind


@click.group()
def archive() -> None:
    """归档：到期与决定 / The archive: what is over, and decisions."""


@archive.command()
def expired() -> None:
    """列出保存期满、待决定的检查 / List the studies past their retention, to decide upon."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        for one in retention.expired_studies(cloud, session):
            click.echo(
                f"{one.study_id} {one.modality} {one.encounter_class} {one.retain_until} "
                f"{one.decision_id or '-'}"
            )


@archive.command()
@click.argument("study_id")
@click.argument("kind", type=click.Choice([kind.value for kind in DecisionKind]))
@click.option("--login", required=True, help="提议人 / who proposes")
@click.option("--reason", required=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="延长至 / extended until")
def propose(study_id: str, kind: str, login: str, reason: str, until: object) -> None:
    """提议一项决定，须由另一人批准 / Propose; another person has to approve."""
    cloud = ready_cloud()
    try:
        with cloud.database.session() as session:
            made = decisions.propose(
                cloud,
                session,
                account=_account(session, login),
                study_id=study_id,
                kind=DecisionKind(kind),
                reason=reason,
                keep_until=until.date() if hasattr(until, "date") else None,
            )
    except decisions.DecisionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(made.decision_id)


@archive.command()
@click.argument("decision_id")
@click.option("--login", required=True, help="决定人 / who decides")
@click.option("--approve/--refuse", required=True)
def decide(decision_id: str, login: str, approve: bool) -> None:
    """批准或否决一项提议 / Approve or refuse a proposal."""
    cloud = ready_cloud()
    try:
        with cloud.database.session() as session:
            account = _account(session, login)
            made = decisions.decide(
                cloud, session, account=account, decision_id=decision_id, approve=approve
            )
    except decisions.DecisionError as error:
        raise click.ClickException(str(error)) from error
    erasure.remove_erased(cloud, replica.open_replica(cloud))
    click.echo(made.state)


def _account(session: Session, login: str) -> Account:
    account = session.scalar(select(Account).where(Account.login == login))
    if account is None:
        raise click.ClickException(f"没有账户 {login} / no account {login}")
    return account
