"""DICOM partners: who may call the centre, and where images may be sent; read only."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.admin.console import Report, Table, report
from portal.admin.sections import reads
from portal.context import current_cloud
from server.dimse.peers import Peer, PeersFileError, load_peers
from server.sending.nodes import DicomNode, NodesFileError, load_nodes
from server.settings import Settings

blueprint = Blueprint("admin_nodes", __name__)


@blueprint.get("/admin/nodes")
@reads("nodes")
def nodes() -> ResponseReturnValue:
    """Show who may call by DICOM, and where images may be sent."""
    settings = current_cloud().settings
    notes: list[str] = []
    known, targets = _peers(settings, notes), _targets(settings, notes)
    peers = Table(
        _("可呼叫本中心（%(title)s）的节点", title=settings.dicom_ae_title),
        (_("名称"), _("AE 标题"), _("机构代码"), _("权限"), _("来源网段"), _("固定证书")),
        [
            (one.name, one.ae_title, one.institution_code, "、".join(sorted(one.may)),
             "、".join(map(str, one.networks)) or _("不限"),
             _("是") if one.certificate_sha256 else _("否"))
            for one in known
        ],
        empty=_("没有配置（YINGYUN_DICOM_PEERS_FILE），DICOM 端口拒绝所有呼叫。"),
    )  # fmt: skip
    sending = Table(
        _("可发送到的节点"),
        (_("名称"), _("AE 标题"), _("地址"), "TLS"),
        [
            (one.name, one.ae_title, f"{one.host}:{one.port}", _("是") if one.tls else _("否"))
            for one in targets
        ],
        empty=_("没有配置节点（YINGYUN_DICOM_NODES_FILE）。"),
    )
    return report(
        Report(
            _("DICOM 节点"),
            _("由操作员在配置文件中登记，重启服务后生效；此处只读。"),
            (peers, sending),
            notes=notes,
        )
    )


def _peers(settings: Settings, notes: list[str]) -> tuple[Peer, ...]:
    try:
        return load_peers(settings.dicom_peers_file, settings.dicom_ae_title)
    except PeersFileError:
        notes.append(_("节点文件 YINGYUN_DICOM_PEERS_FILE 无法读取，请检查格式。"))
        return ()


def _targets(settings: Settings, notes: list[str]) -> tuple[DicomNode, ...]:
    try:
        return load_nodes(settings.dicom_nodes_file)
    except NodesFileError:
        notes.append(_("节点文件 YINGYUN_DICOM_NODES_FILE 无法读取，请检查格式。"))
        return ()
