"""What a page asks of the line until its first picture: the way there in journeys, and its bytes.

From the browser's own record of a first visit: `journeys` is the chain of requests of which each
was asked for by the answer before it (the page, a script, what that fetches), down to the picture;
`bytes` is everything that was asked for before the picture was there, because it shared the line
with it. A line's rate and delay then say how long that takes, whatever the load of the machine
that runs the test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page

# Of TCP and of TLS 1.3 (RFC 8446 2), before the first request can leave.
HANDSHAKES = 2
# A server's first flight, ten segments; each journey doubles it (RFC 6928).
FIRST_FLIGHT_BYTES = 14_600


@dataclass(frozen=True)
class Line:
    """A line: bits a second, seconds there and back."""

    bits_per_second: float
    round_trip: float


@dataclass(frozen=True)
class Cost:
    """What was asked of the line until the first picture was there."""

    journeys: int
    bytes: int

    def seconds(self, line: Line) -> float:
        """Return how long a line takes for it, slow start and handshakes included."""
        flights = math.ceil(math.log2(self.bytes / FIRST_FLIGHT_BYTES + 1))
        waits = (HANDSHAKES + self.journeys + flights) * line.round_trip
        return waits + self.bytes * 8 / line.bits_per_second


@dataclass
class _Request:
    url: str
    started: float
    parent: str
    finished: float = math.inf
    bytes: int = 0


@dataclass
class Record:
    """The requests of a page, as the browser tells of them while they are made."""

    requests: dict[str, _Request] = field(default_factory=dict)

    def follow(self, session: CDPSession) -> None:
        """Listen from now on; nothing comes from the browser's cache."""
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def until(self, picture: str) -> Cost:
        """Return the cost of the picture at this address. Raises KeyError unless it came whole."""
        by_url = {one.url: one for one in self.requests.values()}
        wanted = by_url[picture]
        if math.isinf(wanted.finished):
            raise KeyError(f"{picture} did not come whole")
        before = [one for one in by_url.values() if one.started < wanted.finished]
        return Cost(self._depth(wanted, by_url), sum(one.bytes for one in before))

    def _depth(self, request: _Request, by_url: dict[str, _Request]) -> int:
        depth, seen = 1, {request.url}
        while request.parent in by_url and request.parent not in seen:
            seen.add(request.parent)
            request = by_url[request.parent]
            depth += 1
        return depth

    def _sent(self, event: dict[str, Any]) -> None:
        url, started = event["request"]["url"], event["timestamp"]
        self.requests[event["requestId"]] = _Request(url, started, _parent(event["initiator"]))

    def _finished(self, event: dict[str, Any]) -> None:
        request = self.requests.get(event["requestId"])
        if request is not None:
            request.finished = event["timestamp"]
            request.bytes = int(event["encodedDataLength"])


def _parent(initiator: dict[str, Any]) -> str:
    """Return the address of what asked for a request; "" for the page that was navigated to."""
    frames = initiator.get("stack", {}).get("callFrames", [])
    return str(initiator.get("url") or (frames[0]["url"] if frames else ""))


def recorded(page: Page) -> Record:
    """Follow the requests of a page from now on."""
    record = Record()
    record.follow(page.context.new_cdp_session(page))
    return record
