"""The way in: files, folders and archives become stored, indexed studies or named refusals."""

from server.ingest.limits import IngestLimits
from server.ingest.rejection import Reason, Rejection
from server.ingest.service import DeliveryError, IngestSummary, Sender, ingest_paths
from server.ingest.sweep import sweep_orphans

__all__ = [
    "DeliveryError",
    "IngestLimits",
    "IngestSummary",
    "Reason",
    "Rejection",
    "Sender",
    "ingest_paths",
    "sweep_orphans",
]
