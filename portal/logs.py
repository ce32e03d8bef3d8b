"""How processes log: one JSON object a line on standard error, without values of variables."""

from __future__ import annotations

import logging
import os
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter

from server.log_files import DayFiles

SERVICE = "yingyun"


def _place(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Say what wrote the line, and where: fixed fields for collectors (docs/logging.md)."""
    return event | {"service": SERVICE, "host": socket.gethostname(), "pid": os.getpid()}


_FACTS: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    _place,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Tracebacks name files and lines only: the values of variables may be personal.
    structlog.processors.ExceptionRenderer(),
)
_JSON = structlog.processors.JSONRenderer(ensure_ascii=False)
# One list for good, because loggers that are in use already hold on to it.
_PROCESSORS: list[Any] = [*_FACTS, _JSON]


def configure_logging(level: int = logging.INFO, *, folder: Path | None = None) -> None:
    """Set up structlog, and for libraries the standard logger, for this process.

    With `folder` lines are also kept in a file a day (server.log_files).
    """
    files: Any = None if folder is None else DayFiles(folder)
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Line and line end in one write, or the lines of several workers run into each other.
        # Standard error is what it is at that moment: a command under test has its own for a while.
        logger_factory=lambda *_: structlog.WriteLogger(files or sys.stderr),
    )
    # Libraries say what is wrong, no more. These two quote the values that they warn of.
    logging.basicConfig(level=logging.WARNING, handlers=[_standard_handler(files or sys.stderr)])
    for library in ("pydicom", "pynetdicom"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


def ensure_logging(folder: Path | None = None) -> None:
    """Set up logging unless it is: what structlog does by itself prints the values of variables."""
    if not structlog.is_configured():
        configure_logging(folder=folder)


def _standard_handler(stream: Any) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_FACTS],
            processors=[ProcessorFormatter.remove_processors_meta, _JSON],
        )
    )
    return handler
