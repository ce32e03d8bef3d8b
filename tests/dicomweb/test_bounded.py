"""How much a request of STOW-RS may bring: bounded by settings, on disk, refused in plain words."""

from __future__ import annotations

import io
import mmap
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.app import create_app
from server.cloud import ImageCloud
from server.dicomweb.multipart import read_parts
from server.ingest import spool
from server.ingest.rejection import Reason, RefusedError
from server.ingest.spool import Spool
from server.model import Instance
from tests.dicomweb.case import (
    BASE,
    BOUNDARY,
    DicomwebCase,
    files_of,
    make_dicomweb_case,
    multipart,
    slices,
)

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def small(centre: ImageCloud) -> Iterator[DicomwebCase]:
    """A centre that takes objects of a megabyte, and five in one request; spools all of them."""
    settings = replace(centre.settings, object_megabytes=1, delivery_megabytes=5)
    cloud = replace(centre, settings=settings)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spool, "IN_MEMORY_BYTES", 1000)
        yield make_dicomweb_case(create_app(cloud), cloud)


def stored(case: DicomwebCase) -> int:
    with case.cloud.database.session() as session:
        return session.scalar(select(func.count(Instance.id))) or 0


def padded(data: bytes, size: int) -> bytes:
    """A file that ends in Data Set Trailing Padding (FFFC,FFFC) up to about a size."""
    return data + b"\xfc\xff\xfc\xffOB\0\0" + (size & ~1).to_bytes(4, "little") + bytes(size & ~1)


@pytest.mark.requirement("D-35")
def test_objects_above_the_limit_are_refused_in_plain_words_and_nothing_stays(
    small: DicomwebCase,
) -> None:
    first, second = files_of(slices(2))
    before = stored(small)
    large = padded(second, MEBIBYTE)
    mixed = small.stow(first, large)
    assert mixed.status_code == 202
    body = mixed.get_json(force=True)
    (failure,) = body["0008119A"]["Value"]
    assert failure["00081197"]["Value"] == [0xA700]
    alone = small.stow(large)
    assert alone.status_code == 413
    assert "too_large" in alone.headers["Warning"]
    single = small.http.post(
        f"{BASE}/studies",
        data=large,
        headers=small.headers(Accept="application/dicom+json"),
        content_type="application/dicom",
    )
    assert single.status_code == 413
    assert " / " in single.get_json(force=True)["detail"]
    assert stored(small) == before + 1
    assert not list((small.cloud.settings.home / spool.FOLDER).iterdir())


def test_a_request_above_the_limit_is_refused_before_it_is_read(small: DicomwebCase) -> None:
    def post(**environ: object) -> tuple[int, str]:
        body = multipart(files_of(slices(1)) + [bytes(MEBIBYTE - 1000)] * 5)
        answer = small.http.post(
            f"{BASE}/studies",
            input_stream=io.BytesIO(body),
            headers=small.headers(Accept="application/dicom+json"),
            content_type=f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            environ_overrides={"wsgi.input_terminated": True, **environ},
        )
        return answer.status_code, str(answer.get_json(force=True))

    before = stored(small)
    announced, words = post(CONTENT_LENGTH=str(6 * MEBIBYTE))
    assert announced == 413
    assert " / " in words
    assert stored(small) == before
    streamed, words = post(
        HTTP_TRANSFER_ENCODING="chunked"
    )  # what came whole before the limit stays, and is told
    assert streamed == 202
    assert stored(small) == before + 1
    assert str(0xA700) in words


class _Zeros:
    """A body with one part of so many bytes, made as it is read."""

    def __init__(self, size: int) -> None:
        self._head, self._left, self._tail = b"--b\r\n\r\n", size, b"\r\n--b--\r\n"

    def read(self, size: int, /) -> bytes:
        if self._head:
            taken, self._head = self._head, b""
            return taken
        if self._left:
            count = min(size, self._left)
            self._left -= count
            return bytes(count)
        taken, self._tail = self._tail, b""
        return taken


def test_a_large_part_lies_on_disk_and_takes_no_memory(tmp_path: Path) -> None:
    size = 64 * MEBIBYTE
    tracemalloc.start()
    (part,) = read_parts(_Zeros(size), "b", size, tmp_path)
    data = part.data
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(data, mmap.mmap)
    assert len(data) == size
    assert not any(data[:1000]) and not any(data[-1000:])
    assert peak < 40 * MEBIBYTE  # what is kept in memory before the file is begun, twice
    assert not list(tmp_path.iterdir())  # the file has no name


def test_no_room_for_an_object_is_a_full_store(tmp_path: Path) -> None:
    taking = Spool(1 << 30, tmp_path / "a file, not a folder" / "x")
    (tmp_path / "a file, not a folder").write_bytes(b"")
    taking.write(bytes(spool.IN_MEMORY_BYTES + 1))
    with pytest.raises(RefusedError) as refused:
        taking.data()
    assert refused.value.reason is Reason.STORAGE_FAILED
