"""Transfer packages: what an institution sends, encrypted by a key of its own (D-07, F-18, F-38).

A package is a zip archive of files under AES-256-GCM. Before it stands a line of ASCII:
`YINGYUN-PACKAGE 1 <institution code> <key id>`. Institution, key and every byte are authenticated:
a package of hospital A cannot be opened by the key of hospital B, and one changed byte is found.
"""

from server.transfers.keys import (
    TransferKeyError,
    change_key,
    destroy_key,
    export_key,
    list_keys,
    new_key,
    state_of,
)
from server.transfers.packages import PackageError, open_package, seal_package

__all__ = [
    "PackageError",
    "TransferKeyError",
    "change_key",
    "destroy_key",
    "export_key",
    "list_keys",
    "new_key",
    "open_package",
    "seal_package",
    "state_of",
]
