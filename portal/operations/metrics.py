"""`/metrics` in the form that Prometheus reads (K-27): figures of requests, machine and centre."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from werkzeug.exceptions import NotFound

from portal.context import current_cloud
from portal.decisions import public_data
from portal.identity import source_address
from portal.operations.machine import MachineCollector
from portal.operations.measures import EXTENSION, Measures
from server.cloud import ImageCloud
from server.standing import Standing, standing

# Where the workers of one server keep what they count together; `yingyun serve` sets it.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public_data
def metrics() -> Response:
    """Give the figures to whoever is in one of the networks of YINGYUN_METRICS_NETWORKS.

    To all others the address does not exist: figures of use are nobody else's affair.
    """
    if not _may_look():
        raise NotFound
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _may_look() -> bool:
    source = source_address()
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source == "local"  # a socket of this machine has no address
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in current_cloud().settings.metrics_networks)


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    if MULTIPROCESS in os.environ:
        MultiProcessCollector(registry)
    else:
        measures: Measures = current_app.extensions[EXTENSION]
        registry.register(measures.registry)  # type: ignore[arg-type]  # it collects, as they do
    registry.register(MachineCollector())
    registry.register(CentreCollector(current_cloud()))
    return registry


class CentreCollector(Collector):
    """What the database and the queue say at each scrape."""

    def __init__(self, cloud: ImageCloud) -> None:
        self._cloud = cloud

    def describe(self) -> list[Metric]:
        """Return nothing: to be registered is no occasion to ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the figures of this moment."""
        found: Standing = standing(self._cloud)
        yield _gauge("yingyun_studies", "Studies by processing state.", "state", found.studies)
        yield _gauge("yingyun_outbox_entries", "Records for the index.", "state", found.outbox)
        yield _gauge("yingyun_open_alarms", "Alarms nobody has closed.", "kind", found.alarms)
        yield GaugeMetricFamily(
            "yingyun_waiting_jobs", "Jobs that wait for a worker.", value=found.waiting_jobs
        )
        yield CounterMetricFamily(
            "yingyun_audit_events", "Events in the audit log.", value=found.audit_events
        )


def _gauge(name: str, words: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family
