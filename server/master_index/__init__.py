"""The master index (主索引, D-36): examinations as the regional health platform numbers them.

    entering    each examination of a known person is entered once: institution, identity number,
                accession number
    delivery    the platform is told, through the outbox, until it takes it
    assigning   its unique index is kept, whichever way it came
    finding     the studies that an index names

docs/master-index.md says what the platform is sent and answers.
"""

from server.master_index.assigning import Assigned, assign
from server.master_index.finding import entry_of, named_by, of_study
from server.master_index.platform_file import Platform, PlatformFileError, load_platform

__all__ = [
    "Assigned",
    "Platform",
    "PlatformFileError",
    "assign",
    "entry_of",
    "load_platform",
    "named_by",
    "of_study",
]
