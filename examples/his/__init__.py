"""A sample hospital information system (HIS): registration, reception, orders, images in a frame.

It is only a client of the image cloud: it shares no code, no database and no origin with it.
"""

from examples.his.app import create_his
from examples.his.hospital import Hospital, load_hospital

__all__ = ["Hospital", "create_his", "load_hospital"]
