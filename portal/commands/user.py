"""`yingyun user add`, `user disable`, `user reset`, `user link`, `user unlink`."""

from __future__ import annotations

from datetime import datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.commands.common import ready_cloud
from portal.commands.qr import qr_text
from server import accounts, audit, people
from server.accounts import AccountExistsError, LoginNameError, WeakPasswordError, resets
from server.cloud import ImageCloud
from server.model import Account, Duty, FamilyLink, Institution, Person, Role
from server.people import IdNumberError
from server.quality import manual


@click.group()
def user() -> None:
    """账户 / Accounts."""


def _person(
    cloud: ImageCloud,
    session: Session,
    name: str | None,
    id_number: str | None,
    phone: str | None,
    birth_date: datetime | None,
) -> Person:
    if not name:
        raise click.UsageError("参保人账户需要 --name / a patient needs --name")
    known = people.find_by_id_number(cloud, session, id_number) if id_number else None
    if known is not None:
        return known
    return people.create_person(
        cloud,
        session,
        person_code=people.new_person_code(),
        name=name,
        id_number=id_number,
        phone=phone,
        birth_date=birth_date.date() if birth_date else None,
    )


def _institution(session: Session, code: str | None) -> Institution | None:
    if code is None:
        return None
    found = session.scalar(select(Institution).where(Institution.code == code))
    if found is None:
        raise click.ClickException(f"没有机构 {code} / no institution {code}")
    return found


@user.command()
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--login", required=True, help="登录名 / login")
@click.password_option(help="密码；省略时询问 / asked for when left out")
@click.option("--name", help="姓名 / name of the patient")
@click.option("--id-number", help="居民身份证号 / ID number of the patient")
@click.option("--phone", help="手机号 / phone of the patient")
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--institution", "code", help="机构代码 / code of the institution")
def add(
    role: str,
    login: str,
    password: str,
    name: str | None,
    id_number: str | None,
    phone: str | None,
    birth_date: datetime | None,
    code: str | None,
) -> None:
    """新建账户并显示验证器二维码 / Add an account; prints the second factor's enrolment."""
    cloud = ready_cloud()
    try:
        with cloud.database.session() as session:
            person = None
            if role == Role.PATIENT:
                person = _person(cloud, session, name, id_number, phone, birth_date)
            made = accounts.create_account(
                cloud,
                session,
                login=login,
                password=password,
                role=Role(role),
                person=person,
                institution=_institution(session, code),
            )
    except (AccountExistsError, LoginNameError, WeakPasswordError) as error:
        raise click.ClickException(str(error)) from error
    except IdNumberError as error:
        raise click.BadParameter(
            "身份证号无效 / not a valid ID number", param_hint="--id-number"
        ) from error
    click.echo(f"已建立账户 {made.account.login} / added {made.account.login}")
    click.echo(f"验证器密钥 / authenticator secret: {made.totp_secret}")
    click.echo(made.totp_uri)
    click.echo(qr_text(made.totp_uri))


def _patient(cloud: ImageCloud, session: Session, login: str) -> Person:
    account: Account | None = accounts.find_account(cloud, session, login)
    if account is None or account.person is None:
        raise click.ClickException(f"没有参保人 {login} / no patient {login}")
    return account.person


@user.command()
@click.argument("login")
def disable(login: str) -> None:
    """停用账户：会话与其分享立即失效 / Shut an account: its sessions and shares end at once."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        account = accounts.find_account(cloud, session, login)
        if account is None:
            raise click.ClickException(f"没有账户 {login} / no account {login}")
        accounts.disable_account(session, account, actor_kind="system", actor="cli")
        name = account.login
    click.echo(f"已停用账户 {name} / disabled {name}")


@user.command()
@click.argument("login")
@click.option("--new-authenticator", is_flag=True, help="同时更换验证器 / replace it, too")
def reset(login: str, new_authenticator: bool) -> None:
    """重设密码：显示一次临时密码，本人登录后须更换 / Give LOGIN a temporary password.

    所有会话立即结束 / all sessions end at once.
    """
    cloud = ready_cloud()
    with cloud.database.session() as session:
        account = accounts.find_account(cloud, session, login)
        if account is None:
            raise click.ClickException(f"没有账户 {login} / no account {login}")
        given = resets.reset_password(cloud, session, account, new_authenticator=new_authenticator)
        name = account.login
    click.echo(f"{name} 的临时密码 / temporary password: {given.password}")
    if new_authenticator:
        click.echo(f"验证器密钥 / authenticator secret: {given.totp_secret}")
        click.echo(given.totp_uri)
        click.echo(qr_text(given.totp_uri))


@user.command()
@click.argument("login")
@click.option("--provider", required=True, help="身份提供方的 name / name of the provider")
@click.option("--subject", required=True, help="该提供方给出的 sub / its subject (sub)")
def connect(login: str, provider: str, subject: str) -> None:
    """绑定身份提供方的用户 / Let a user of an identity provider sign in as LOGIN."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        account = accounts.find_account(cloud, session, login)
        if account is None:
            raise click.ClickException(f"没有账户 {login} / no account {login}")
        if accounts.is_connected(session, provider, subject):
            raise click.ClickException("该用户已绑定 / this user is connected already")
        accounts.connect(session, account, provider, subject, actor_kind="system", actor="cli")
        name = account.login
    click.echo(f"已绑定 {name} / connected {name}")


@user.command()
@click.argument("guardian")
@click.argument("member")
@click.option("--relation", required=True, help="与成员的关系，如 子女 / for example child")
def link(guardian: str, member: str, relation: str) -> None:
    """建立亲情账户：GUARDIAN 可查看 MEMBER 的影像 / Let GUARDIAN view the images of MEMBER."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        family = people.link_family(
            session,
            guardian=_patient(cloud, session, guardian),
            member=_patient(cloud, session, member),
            relation=relation,
        )
        _note(session, "family_link.create", family)
    click.echo(f"{guardian} 现在可以查看 {member} 的影像 / {guardian} may view {member}'s images")


@user.command()
@click.argument("guardian")
@click.argument("member")
def unlink(guardian: str, member: str) -> None:
    """解除亲情账户 / End the family link: GUARDIAN no longer views the images of MEMBER."""
    cloud = ready_cloud()
    with cloud.database.session() as session:
        ended = people.live_links(
            session,
            guardian=_patient(cloud, session, guardian),
            member=_patient(cloud, session, member),
        )
        for family in ended:
            people.withdraw_link(family)
            _note(session, "family_link.withdraw", family)
    if not ended:
        raise click.ClickException(f"{guardian} 与 {member} 没有亲情关系 / no such family link")
    click.echo(
        f"{guardian} 不再能查看 {member} 的影像 / {guardian} no longer views {member}'s images"
    )


def _note(session: Session, event: str, family: FamilyLink) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor="cli",
        event=event,
        object_kind="family_link",
        object_id=str(family.id),
    )


@user.command("quality-duty")
@click.option("--login", required=True, help="登录名 / login")
@click.option("--duty", type=click.Choice([*map(str, Duty), "none"]), required=True)
def quality_duty(login: str, duty: str) -> None:
    """分配人工质控职责 / Say as what an account judges images by eye, if at all (I-13)."""
    with ready_cloud().database.session() as session:
        account = session.scalar(select(Account).where(Account.login == login))
        if account is None:
            raise click.ClickException(f"没有账户 {login} / no account {login}")
        try:
            manual.give_duty(session, account, None if duty == "none" else Duty(duty), actor="cli")
        except manual.ManualRefusedError as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo("已分配 / done")
