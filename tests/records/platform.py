"""A regional health platform: a real HTTP server that issues indexes, and can be unwell."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

SECRET = "a-secret-of-the-platform"


@dataclass
class HealthPlatform:
    """`status` other than 200 is answered instead of an index; `answers` False breaks off."""

    indexes: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    tokens: int = 0
    status: int = 200
    loses_answers: int = 0
    port: int = 0

    def app(self) -> Flask:
        app = Flask("platform")

        @app.post("/oauth/token")
        def token() -> Response:
            given = base64.b64encode(f"yingyun:{SECRET}".encode()).decode()
            assert request.headers["Authorization"] == f"Basic {given}"
            assert request.form["grant_type"] == "client_credentials"
            self.tokens += 1
            return jsonify(access_token=f"t{self.tokens}", token_type="Bearer", expires_in=60)

        @app.post("/indexes")
        def give() -> Response:
            assert request.headers["Authorization"] == f"Bearer t{self.tokens}"
            said = request.get_json()
            self.asked.append(said)
            self.keys.append(request.headers["Idempotency-Key"])
            if self.status != 200:
                return Response(status=self.status)
            number = said["entry_id"]
            index = self.indexes.setdefault(number, f"QY{len(self.indexes) + 1:08d}")
            if self.loses_answers:
                self.loses_answers -= 1
                return Response("<html>gateway", 200)
            return Response(json.dumps({"entry_id": number, "master_index": index}), 200)

        return app


@contextmanager
def running(platform: HealthPlatform) -> Iterator[None]:
    """Serve the platform until the end of the block, at the same port each time."""
    server = make_server("127.0.0.1", platform.port, platform.app(), threaded=True)
    platform.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_file(folder: Path, port: int) -> Path:
    """Write the file that names the platform."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "platform.secret").write_text(SECRET, encoding="utf-8")
    facts = {
        "url": f"http://127.0.0.1:{port}/indexes",
        "oauth2": {
            "token_url": f"http://127.0.0.1:{port}/oauth/token",
            "client_id": "yingyun",
            "client_secret_file": "platform.secret",
        },
    }
    path = folder / "platform.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    return path
