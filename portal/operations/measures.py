"""What is counted of requests: how many, how long, how much went out (K-27).

Labels are a request's rule, method and status, never its address: addresses hold identifiers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

EXTENSION = "yingyun-measures"
UNKNOWN = "unknown"
# Seconds. The limits of the specification (1, 3 and 5 s) are among them.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class Measures:
    """What this process counts, and the registry that holds it."""

    registry: CollectorRegistry
    seconds: Histogram
    sent_bytes: Counter


def _new() -> Measures:
    registry = CollectorRegistry()
    return Measures(
        registry,
        Histogram(
            "yingyun_request_seconds",
            "Seconds until a request was answered (streams: until they began).",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=registry,
        ),
        Counter(
            "yingyun_response_bytes",
            "Bytes of answers, without headers.",
            ["route"],
            registry=registry,
        ),
    )


def _start() -> None:
    g.measured_since = time.perf_counter()


def _finish(response: Response, measures: Measures) -> Response:
    route = request.url_rule.rule if request.url_rule else UNKNOWN
    seconds = time.perf_counter() - g.get("measured_since", time.perf_counter())
    measures.seconds.labels(request.method, route, str(response.status_code)).observe(seconds)
    sent = measures.sent_bytes.labels(route)
    if response.is_streamed and response.content_length is None:
        source = response.response
        response.response = _counted(response.iter_encoded(), sent)
        if hasattr(source, "close"):
            response.call_on_close(source.close)
    elif request.method != "HEAD":
        sent.inc(response.content_length or 0)
    return response


def _counted(chunks: Iterator[bytes], sent: Counter) -> Iterator[bytes]:
    for chunk in chunks:
        sent.inc(len(chunk))
        yield chunk


def install_measures(app: Flask) -> None:
    """Count what this application answers."""
    measures = _new()
    app.extensions[EXTENSION] = measures
    app.before_request(_start)
    app.after_request(lambda response: _finish(response, measures))
