"""`yingyun client add`, `client rotate`, `client disable`, `client list`: systems of hospitals."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import IO, Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.commands.common import ready_cloud
from server import clients
from server.clients import ClientError, NewCredential, OriginError, Scope
from server.model import Institution, InstitutionClient

OVERLAP_HOURS = 24

key_option = click.option(
    "--key", type=click.File("rb"), help="公钥（JWK 文件），代替口令 / public key (JWK), no secret"
)


@click.group()
def client() -> None:
    """医院系统接入 / Hospitals' systems that call the API."""


@client.command()
@click.option("--institution", "code", required=True, help="机构代码 / code of the institution")
@click.option("--name", required=True, help="系统名称 / name of the system")
@click.option(
    "--origin", "origins", multiple=True, help="可嵌入页面的来源，如 https://his.example.org"
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([str(one) for one in Scope]),
    default=[str(Scope.LAUNCH)],
    show_default=True,
)
@key_option
def add(
    code: str, name: str, origins: tuple[str, ...], scopes: tuple[str, ...], key: IO[bytes] | None
) -> None:
    """登记一个系统 / Register a system; prints its credentials once."""
    with ready_cloud().database.session() as session:
        institution = session.scalar(select(Institution).where(Institution.code == code))
        if institution is None:
            raise click.ClickException(f"没有机构 {code} / no institution {code}")
        try:
            made = clients.register(
                session,
                institution=institution,
                name=name,
                origins=origins,
                scopes=[Scope(one) for one in scopes],
                public_key=_key(key),
            )
        except (ClientError, OriginError) as error:
            raise click.ClickException(str(error)) from error
        _say(made)


@client.command()
@click.argument("client_id")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=OVERLAP_HOURS,
    show_default=True,
    help="旧凭据继续有效的小时数 / how long the old one holds",
)
@key_option
def rotate(client_id: str, overlap_hours: int, key: IO[bytes] | None) -> None:
    """更换凭据 / Give a system a new secret or key; the old one holds for a while."""
    with ready_cloud().database.session() as session:
        try:
            made = clients.rotate(
                session,
                _client(session, client_id),
                overlap=timedelta(hours=overlap_hours),
                public_key=_key(key),
            )
        except ClientError as error:
            raise click.ClickException(str(error)) from error
        _say(made)


@client.command()
@click.argument("client_id")
def disable(client_id: str) -> None:
    """停用：令牌与进行中的调阅立即失效 / Shut a system: its tokens and launches end at once."""
    with ready_cloud().database.session() as session:
        found = _client(session, client_id)
        clients.disable(session, found)
        name = found.name
    click.echo(f"已停用 {name} / disabled {name}")


@client.command("list")
def list_all() -> None:
    """列出所有系统 / List the systems."""
    with ready_cloud().database.session() as session:
        for one in clients.clients(session):
            state = "停用 disabled" if one.disabled_at else "启用 enabled"
            origins = " ".join(one.origins)
            click.echo(f"{one.client_id}  {state}  {one.name}  {one.institution.name}  {origins}")


def _client(session: Session, client_id: str) -> InstitutionClient:
    found = session.get(InstitutionClient, client_id)
    if found is None:
        raise click.ClickException(f"没有系统 {client_id} / no client {client_id}")
    return found


def _key(file: IO[bytes] | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        read = json.load(file)
    except ValueError as error:
        raise click.ClickException("公钥须为 JWK / the key must be a JWK (RFC 7517)") from error
    if not isinstance(read, dict):
        raise click.ClickException("公钥须为 JWK / the key must be a JWK (RFC 7517)")
    return read


def _say(made: NewCredential) -> None:
    click.echo(f"client_id:     {made.client.client_id}")
    if made.secret:
        click.echo(f"client_secret: {made.secret}")
        click.echo("口令只显示这一次 / the secret is shown this once")
    else:
        click.echo("用登记的公钥验证 / proves itself with the registered key")
