"""The ciphers of the vault: AES-256-GCM (NIST SP 800-38D), SM4-GCM (GB/T 32907, RFC 8998)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.settings import AES_256_GCM, SM4_GCM

TAG_BYTES = 16


class Aead(Protocol):
    """Authenticated encryption with associated data."""

    def encrypt(
        self, nonce: bytes, data: bytes | memoryview, associated_data: bytes | None
    ) -> bytes:
        """Return cipher text and tag."""
        ...

    def decrypt(
        self, nonce: bytes, data: bytes | memoryview, associated_data: bytes | None
    ) -> bytes:
        """Return what was encrypted. Raises cryptography.exceptions.InvalidTag."""
        ...


class Sm4Gcm:
    """SM4 in Galois/Counter Mode, as `AESGCM` is used."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(
        self, nonce: bytes, data: bytes | memoryview, associated_data: bytes | None
    ) -> bytes:
        """Return cipher text and tag."""
        encryptor = Cipher(algorithms.SM4(self._key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data or b"")
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(
        self, nonce: bytes, data: bytes | memoryview, associated_data: bytes | None
    ) -> bytes:
        """Return what was encrypted. Raises InvalidTag; ValueError for fewer bytes than a tag."""
        split = len(data) - TAG_BYTES
        if split < 0:
            raise ValueError("fewer bytes than a tag")
        mode = modes.GCM(nonce, bytes(data[split:]))
        decryptor = Cipher(algorithms.SM4(self._key), mode).decryptor()
        decryptor.authenticate_additional_data(associated_data or b"")
        return decryptor.update(data[:split]) + decryptor.finalize()


@dataclass(frozen=True)
class Algorithm:
    """A cipher of the vault: its name, its number in an object's header, the length of its key."""

    name: str
    number: int
    key_bytes: int
    purpose: bytes  # begins the purpose of derived keys, so that no key serves two ciphers

    def open(self, key: bytes) -> Aead:
        """Return the cipher with a key."""
        return Sm4Gcm(key) if self.name == SM4_GCM else AESGCM(key)


ALGORITHMS = (
    Algorithm(AES_256_GCM, 1, 32, b"yingyun object "),
    Algorithm(SM4_GCM, 2, 16, b"yingyun object sm4 "),
)
BY_NUMBER = {one.number: one for one in ALGORITHMS}
BY_NAME = {one.name: one for one in ALGORITHMS}
