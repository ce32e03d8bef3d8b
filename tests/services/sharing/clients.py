"""Eight clients at once, each doing random things to the same shares, and what they saw."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from sqlalchemy import update

from server import clock, sharing
from server.cloud import ImageCloud
from server.model import Account, Share, Study
from server.sharing import Keys, NewShare, ShareClosed, ShareTermsError

CLIENTS = 8
STEPS = 6
SHARES = 3


@dataclass
class Seen:
    """What all clients saw. A list's `append` and a set's `add` are whole under the interpreter."""

    shares: list[NewShare] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    opened: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)


@dataclass
class Client:
    """One client with a random mind of its own, always the same for the same seed."""

    cloud: ImageCloud
    account: Account
    study: Study
    seen: Seen
    random: Random

    def give(self) -> None:
        with self.cloud.database.session() as session:
            new = sharing.create(
                self.cloud,
                session,
                account=self.account,
                study=self.study,
                lifetime=timedelta(minutes=self.random.choice([5, 30, 60])),
                max_views=self.random.choice([None, 1, 2, 3]),
            )
        self.seen.shares.append(new)

    def open(self, new: NewShare) -> None:
        share_id = new.share.share_id
        had_ended = share_id in self.seen.ended
        try:
            share = sharing.open_share(self.cloud, share_id=share_id, keys=Keys(new.secret)).share
        except ShareClosed:
            return
        self.seen.opened[share_id].append(share.views)
        if share.max_views is not None and share.views > share.max_views:
            self.seen.faults.append(f"view {share.views} of {share.max_views}")
        if had_ended or share.revoked_at is not None or share.paused_at is not None:
            self.seen.faults.append("opened after its end")

    def revoke(self, new: NewShare) -> None:
        with self.cloud.database.session() as session:
            sharing.revoke(session, self.account, new.share.share_id)
        self.seen.ended.add(new.share.share_id)

    def expire(self, new: NewShare) -> None:
        # Long ago: who asked before an expiry, and waited for the database, may still be served.
        with self.cloud.database.session() as session:
            session.execute(
                update(Share)
                .where(Share.share_id == new.share.share_id)
                .values(expires_at=clock.now() - timedelta(minutes=1))
            )
        self.seen.ended.add(new.share.share_id)

    def extend(self, new: NewShare) -> None:
        lifetime = timedelta(minutes=self.random.choice([5, 90]))
        with self.cloud.database.session() as session:
            sharing.set_lifetime(session, self.account, new.share.share_id, lifetime)

    def count(self, new: NewShare) -> None:
        views = self.random.choice([None, 1, 2, 4])
        with self.cloud.database.session() as session:
            sharing.set_views(session, self.account, new.share.share_id, views)

    def pause(self, new: NewShare) -> None:
        change = self.random.choice([sharing.pause, sharing.resume])
        with self.cloud.database.session() as session:
            change(session, self.account, new.share.share_id)

    def live(self, start: threading.Barrier) -> None:
        """Do the steps; opening is what most people do."""
        rare = [self.revoke, self.expire, self.pause]
        often = [self.open] * 6 + [self.extend, self.count, *rare]
        start.wait()
        for _ in range(STEPS):
            if self.random.random() < 0.1:
                self.give()
                continue
            act = self.random.choice(often)
            try:
                act(self.random.choice(self.seen.shares))
            except ShareTermsError:
                continue  # it had ended, or was opened more often already


def interleave(cloud: ImageCloud, account: Account, study: Study, seed: int) -> Seen:
    """Let the clients live at the same time; return what they saw."""
    seen = Seen()
    clients = [
        Client(cloud, account, study, seen, Random(f"{seed} {number}")) for number in range(CLIENTS)
    ]
    for _ in range(SHARES):
        clients[0].give()
    start = threading.Barrier(CLIENTS)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(client.live, start) for client in clients]:
            done.result()
    return seen
