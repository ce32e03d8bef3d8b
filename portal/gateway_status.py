"""The front machine's own page: how it is, for whoever looks after it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from flask import Flask, Response, jsonify, render_template
from werkzeug.serving import BaseWSGIServer, make_server

from portal.gateway_pictures import MOST_BYTES, pictures_blueprint
from server.gateway.service import Gateway
from server.gateway.tables import SpoolState
from server.gateway.upgrading import UpgradeState

ROOT = Path(__file__).resolve().parents[1]
STATES = {
    SpoolState.WAITING: "待上传 / waiting",
    SpoolState.SENT: "已上传，待核对 / sent, to be compared",
    SpoolState.VERIFIED: "中心已确认 / held by the centre",
    SpoolState.STOPPED: "已拦下 / stopped",
    SpoolState.PUSHED: "外院推送 / pushed by another hospital",
    SpoolState.CACHED: "本地缓存 / cached",
}
REASONS = {
    "blank_image": "图像全黑或全白，请重新采集后发送 / blank image: send it again once retaken",
    "pixels_unreadable": "像素无法解码，请重新发送 / the pixels cannot be decoded: send it again",
    "spool_damaged": "本机文件损坏，请重新发送 / damaged on this machine: send it again",
}

UPGRADES: dict[str, str] = {
    UpgradeState.NONE: "已下发 / offered",
    UpgradeState.NOT_ALLOWED: "未配置升级命令，请人工升级 / no command: upgrade by hand",
    UpgradeState.REFUSED_DIGEST: "文件与摘要不符，已拒绝 / refused: not what was announced",
    UpgradeState.STAGED: "已下载 / fetched",
    UpgradeState.CALLING: "正在执行升级命令 / the command runs",
    UpgradeState.FAILED: "升级命令失败，请查看日志 / the command failed: see the log",
    UpgradeState.HANDED_OVER: "升级命令已完成，待重启 / done, waits for the restart",
    UpgradeState.RUNNING: "已运行 / runs",
}


def create_status_app(machine: Gateway) -> Flask:
    """Make the application: its page, the form for pictures, its data, whether it lives."""
    app = Flask("gateway", template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.register_blueprint(pictures_blueprint(machine.pictures))

    @app.get("/")
    def page() -> str:
        return render_template(
            "gateway/status.html", state=machine.state(), names=STATES,
            stopped=machine.spool.stopped(), reasons=REASONS, upgrades=UPGRADES,
        )  # fmt: skip

    @app.get("/status.json")
    def data() -> Response:
        stopped = [
            {"sop_instance_uid": one.sop_instance_uid, "reason": one.reason}
            for one in machine.spool.stopped()
        ]
        return jsonify(machine.state() | {"stopped_objects": stopped})

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
            "base-uri 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def serve_status(machine: Gateway, address: tuple[str, int]) -> BaseWSGIServer:
    """Serve the page in a thread of its own. Raises OSError where the port is taken."""
    server = make_server(address[0], address[1], create_status_app(machine), threaded=True)
    Thread(target=server.serve_forever, name="gateway-status", daemon=True).start()
    return server
