"""One range of bytes of what is fetched, so that a transfer that was cut goes on (RFC 9110 14)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request

OK, PARTIAL, UNSATISFIABLE = 200, 206, 416


@dataclass(frozen=True)
class Wanted:
    """Which bytes to send: from `start` up to, without, `stop`; and with which status."""

    status: int
    start: int
    stop: int

    def content_range(self, size: int) -> str | None:
        """Return the Content-Range of the answer; None where all is sent."""
        if self.status == UNSATISFIABLE:
            return f"bytes */{size}"
        return f"bytes {self.start}-{self.stop - 1}/{size}" if self.status == PARTIAL else None


def wanted(request: Request, size: int, etag: str) -> Wanted:
    """Return what a request wants of `size` bytes whose strong validator is `etag`.

    All of them without a range, with several (which a server may ignore, RFC 9110 14.2), or when
    If-Range names another version, also by a date, which is no strong validator here.
    """
    whole = Wanted(OK, 0, size)
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return whole
    condition = request.if_range
    if condition.date is not None or (condition.etag is not None and condition.etag != etag):
        return whole
    found = asked.range_for_length(size)
    if found is None:
        return Wanted(UNSATISFIABLE, 0, 0)
    return Wanted(PARTIAL, *found)
