"""What a client may be allowed to do (RFC 6749 §3.3)."""

from __future__ import annotations

import enum


class Scope(enum.StrEnum):
    """One thing that a client may do; each address of the API asks for one."""

    LAUNCH = "launch"
    INDEX_READ = "index.read"
    CONSENT_WRITE = "consent.write"
    REGISTRATION = "registration"
    REMINDER = "reminder"
    CITATION_READ = "citation.read"
    DICOMWEB_READ = "dicomweb.read"
    DICOMWEB_STORE = "dicomweb.store"
    GATEWAY = "gateway"
    RECORDS_WRITE = "records.write"
    DATA_SETS_READ = "data_sets.read"
    MASTER_INDEX_WRITE = "master_index.write"
    SENSOR_WRITE = "sensor.write"
    HEALTH_AI_WRITE = "health_ai.write"
