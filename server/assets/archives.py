"""Reading and writing archives in memory; what is written is the same bytes every time."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping

from server.assets.bytecode import ZIP_TIME
from server.assets.errors import DownloadError


def package_members(package: bytes, members: Iterable[str]) -> dict[str, bytes]:
    """Return {member: bytes} of an npm tarball; paths are relative to the package's root.

    Raises DownloadError when one is not there.
    """
    wanted = {f"package/{member}": member for member in members}
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        for entry in archive:
            file = archive.extractfile(entry) if entry.name in wanted else None
            if file is not None:
                found[wanted[entry.name]] = file.read()
    missing = sorted(set(wanted.values()) - set(found))
    if missing:
        raise DownloadError(f"the package has no {', '.join(missing)}")
    return found


def package_member(package: bytes, member: str) -> bytes:
    """Return one file of an npm tarball. Raises DownloadError."""
    return package_members(package, [member])[member]


def read_zip(archive: bytes) -> dict[str, bytes]:
    """Return {name: bytes} of the files in a zip."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return {name: source.read(name) for name in source.namelist() if not name.endswith("/")}


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """Return an uncompressed zip of the files, in the order of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(files):
            target.writestr(zipfile.ZipInfo(name, ZIP_TIME), files[name])
    return buffer.getvalue()
