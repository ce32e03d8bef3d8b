"""Whether a port can be listened on, asked before anything is started."""

from __future__ import annotations

import socket


class PortTakenError(RuntimeError):
    """Another program listens on the port; the message says so in Chinese and English."""


def check_port_free(host: str, port: int) -> None:
    """Raise PortTakenError when nobody else may listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise PortTakenError(
                f"端口 {port} 无法使用（{error.strerror}），请用 --port 换一个 / "
                f"port {port} cannot be used ({error.strerror}); choose another"
            ) from error
