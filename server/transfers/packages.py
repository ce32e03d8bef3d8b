"""Sealing and opening transfer packages (D-07, F-18, F-38)."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import Institution, InstitutionKey
from server.transfers.keys import TransferKeyError, plain_key

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_MAGIC = "YINGYUN-PACKAGE"
_VERSION = "1"
_NONCE_BYTES = 12
_MOST_HEADER = 200


class PackageError(ValueError):
    """A package that is not whole, or not of this institution; said in Chinese / English."""


def seal_package(
    files: Mapping[str, bytes], *, institution_code: str, key_id: str, key: bytes
) -> bytes:
    """Return files, by name, as a package of an institution; done where the files are made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    header = f"{_MAGIC} {_VERSION} {institution_code} {key_id}\n".encode("ascii")
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + AESGCM(key).encrypt(nonce, buffer.getvalue(), header)


def open_package(
    cloud: ImageCloud, session: Session, package: bytes, *, institution_code: str
) -> bytes:
    """Return the zip archive inside a package of an institution; pass it on to the ingest.

    Raises PackageError when it is another institution's, was altered, or its key was destroyed.
    """
    header, rest = _split(package)
    sender, key_id = _named(header)
    if sender != institution_code:
        raise PackageError("包不属于该机构 / the package is another institution's")
    key = session.scalar(
        select(InstitutionKey)
        .join(Institution, Institution.id == InstitutionKey.institution_id)
        .where(Institution.code == institution_code, InstitutionKey.key_id == key_id)
    )
    if key is None:
        raise PackageError("没有该机构的这个密钥 / the institution has no such key")
    try:
        cipher = AESGCM(plain_key(cloud, key))
        return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header)
    except TransferKeyError as error:
        raise PackageError(str(error)) from error
    except (InvalidTag, ValueError) as error:
        raise PackageError("包已被改动或损坏 / the package was altered or damaged") from error


def _split(package: bytes) -> tuple[bytes, bytes]:
    end = package.find(b"\n", 0, _MOST_HEADER) + 1
    return package[:end], package[end:]


def _named(header: bytes) -> tuple[str, str]:
    parts = header.decode("ascii", "replace").split()
    if len(parts) != 4 or parts[:2] != [_MAGIC, _VERSION]:
        raise PackageError("不是传输包 / not a transfer package")
    return parts[2], parts[3]
