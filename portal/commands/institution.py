"""`yingyun institution add`, and the institution of files that nobody is named for."""

from __future__ import annotations

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.commands.common import ready_cloud
from server.model import Institution
from server.regions import in_province
from server.settings import Settings

LOCAL_CODE = "0" * 18
LOCAL_NAME = "本地导入"


def local_institution(session: Session, settings: Settings) -> Institution:
    """Return the institution to which files imported by hand belong; made at first use."""
    found = session.scalar(select(Institution).where(Institution.code == LOCAL_CODE))
    if found is not None:
        return found
    made = Institution(
        code=LOCAL_CODE, name=LOCAL_NAME, province_code=settings.region_code, province_name=""
    )
    session.add(made)
    session.flush()
    return made


@click.group()
def institution() -> None:
    """医疗机构 / Institutions."""


@institution.command()
@click.argument("code")
@click.option("--name", required=True, help="机构名称 / name")
@click.option("--province-code", required=True, help="行政区划代码 / administrative code")
@click.option("--province-name", required=True, help="省份名称 / province")
def add(code: str, name: str, province_code: str, province_name: str) -> None:
    """登记一家医疗机构 / Register an institution by its 18-character code."""
    code = code.upper()
    if len(code) != len(LOCAL_CODE) or not (code.isascii() and code.isalnum()):
        raise click.BadParameter("18 位数字或大写字母 / 18 digits or capitals", param_hint="CODE")
    cloud = ready_cloud()
    if not in_province(cloud.settings.region_code, province_code):
        raise click.BadParameter(
            "不属于本中心服务的省份 / not of the province that this centre serves "
            f"(YINGYUN_REGION_CODE={cloud.settings.region_code})",
            param_hint="--province-code",
        )
    with cloud.database.session() as session:
        if session.scalar(select(Institution.id).where(Institution.code == code)) is not None:
            raise click.ClickException(f"机构 {code} 已存在 / institution {code} exists")
        session.add(
            Institution(
                code=code, name=name, province_code=province_code, province_name=province_name
            )
        )
    click.echo(f"已登记 {name} / registered {name}")
