"""The way in: files, folders and archives become stored, indexed studies or named refusals."""

from server.ingest.intake import DeliveryError, Intake, Outcome, Sender, Taken
from server.ingest.limits import IngestLimits
from server.ingest.rejection import Reason, RefusedError, Rejection
from server.ingest.service import IngestSummary, ingest_paths
from server.ingest.sweep import sweep_orphans

__all__ = [
    "DeliveryError",
    "IngestLimits",
    "IngestSummary",
    "Intake",
    "Outcome",
    "Reason",
    "RefusedError",
    "Rejection",
    "Sender",
    "Taken",
    "ingest_paths",
    "sweep_orphans",
]
