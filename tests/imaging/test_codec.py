"""The frame codec, judged by the decoders that the browser uses, run in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate

from server.imaging import codec
from server.imaging.codec import Codestream
from server.imaging.frames import SourceFrame, source_frames
from tests.imaging.conftest import SHARED, WHEEL, ct_slice, phantom
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.dicom.pack import FrameCodec, wire_dtype

ROOT = Path(__file__).parents[2]
CASES = {
    "uint8": (8, False, 1),
    "int8": (8, True, 1),
    "uint12": (12, False, 1),
    "uint16": (16, False, 1),
    "int16": (16, True, 1),
    "uint32": (32, False, 1),
    "int32": (32, True, 1),
    "rgb": (8, False, 3),
}
DECODE = """
import fs from "node:fs";
process.type = "renderer"; // else the libraries, ES modules, take the CommonJS way of Node
const [, , library, work] = process.argv;
const { Decoders } = await import(library);
const { addresses, frames } = JSON.parse(fs.readFileSync(work));
const own = (name) => ({ wasmBinary: fs.readFileSync(addresses[name].wasm) });
const decoders = new Decoders(addresses, own);
for (const { codec, source, target } of frames) {
  fs.writeFileSync(target, await decoders.decode(codec, new Uint8Array(fs.readFileSync(source))));
}
"""

BrowserDecode = Callable[[Iterable[tuple[FrameCodec, bytes]]], list[bytes]]


@pytest.fixture
def browser_decode(tmp_path: Path) -> BrowserDecode:
    """Decode payloads with static/viewer/codecs.js."""
    codecs, node = ROOT / "var" / "assets" / "codecs", shutil.which("node")
    names = ("openjph", "charls", "openjpeg", "libjpeg-turbo-8bit")
    found = {name: (codecs.glob(f"{name}-*.mjs"), codecs.glob(f"{name}-*.wasm")) for name in names}
    addresses = {
        name: {"script": str(next(scripts, "")), "wasm": str(next(wasms, ""))}
        for name, (scripts, wasms) in found.items()
    }
    if node is None or not all(one["wasm"] for one in addresses.values()):
        pytest.skip("the assets are not built (yingyun assets)")

    def decode(payloads: Iterable[tuple[FrameCodec, bytes]]) -> list[bytes]:
        frames = []
        for number, (kind, payload) in enumerate(payloads):
            source, target = tmp_path / f"{number}.in", tmp_path / f"{number}.out"
            source.write_bytes(payload)
            frames.append({"codec": int(kind), "source": str(source), "target": str(target)})
        (tmp_path / "decode.mjs").write_text(DECODE)
        (tmp_path / "work.json").write_text(json.dumps({"addresses": addresses, "frames": frames}))
        library = ROOT / "static" / "viewer" / "codecs.js"
        command = [node, tmp_path / "decode.mjs", library, tmp_path / "work.json"]
        subprocess.run(command, check=True, timeout=120)
        return [Path(frame["target"]).read_bytes() for frame in frames]

    return decode


def _case(name: str) -> tuple[FrameAttributes, np.ndarray]:
    bits, signed, samples = CASES[name]
    frame = FrameAttributes(
        "1.2", 1, 37, 53, samples_per_pixel=samples, bits_stored=bits, signed=signed
    )
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    shape = (37, 53) if samples == 1 else (37, 53, 3)
    random = np.random.default_rng(bits).integers(low, high, shape)
    return frame, random.astype(wire_dtype(frame))


def _real_frames() -> list[SourceFrame]:
    """One frame of every compressed file here whose codestream may be passed on."""
    paths = sorted(WHEEL.glob("*.dcm"))
    paths += [path for path in sorted((SHARED / "syntax").rglob("*")) if path.is_file()]
    found = []
    for path in paths:
        try:
            dataset = dcmread(path)
            syntax = str(dataset.file_meta.TransferSyntaxUID)
        except Exception:
            continue
        if syntax in codec.PASSED_ON and "PixelData" in dataset:
            first = next(source_frames(dataset), None)
            found += [first] if isinstance(first, SourceFrame) else []
    return found


@pytest.mark.parametrize("name", list(CASES))
def test_every_kind_of_values_survives(name: str) -> None:
    frame, stored = _case(name)
    kind, payload = codec.encode(stored, frame)
    assert (kind in (FrameCodec.RAW, FrameCodec.DEFLATE)) == (stored.itemsize > 2)
    assert np.array_equal(codec.decode(kind, payload, frame), stored)


@pytest.mark.requirement("B-49")
def test_the_browser_decodes_the_same_values(browser_decode: BrowserDecode) -> None:
    """Of every form that a frame may be written in, for every kind of values."""
    cases = [_case(name) for name in CASES]
    cases.append((cases[5][0], np.zeros_like(cases[5][1])))  # uint32 that deflates
    payloads, expected = [], []
    for frame, stored in cases:
        forms = [codec.encode(stored, frame)]
        if stored.itemsize <= 2:
            forms.append((FrameCodec.HTJ2K, bytes(imagecodecs.htj2k_encode(stored))))
        payloads += [form for form in forms if form[0] is not FrameCodec.RAW]
        expected += [stored.tobytes() for form in forms if form[0] is not FrameCodec.RAW]
    assert {kind for kind, _ in payloads} >= {
        FrameCodec.HTJ2K,
        FrameCodec.JPEG_LS,
        FrameCodec.DEFLATE,
    }
    assert browser_decode(payloads) == expected


_GREYS = np.arange(37 * 53, dtype=np.uint16).reshape(37, 53)
_STREAMS = {
    FrameCodec.HTJ2K: bytes(imagecodecs.htj2k_encode(_GREYS)),
    FrameCodec.JPEG_LS: bytes(imagecodecs.jpegls_encode(_GREYS)),
    FrameCodec.JPEG_2000: bytes(imagecodecs.jpeg2k_encode(_GREYS, codecformat="J2K", level=0)),
    FrameCodec.JPEG: bytes(imagecodecs.jpeg8_encode(_GREYS.astype(np.uint8))),
}


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("kind", list(_STREAMS))
@pytest.mark.parametrize("left", [2, 20])
def test_a_damaged_frame_is_refused_and_is_not_the_frame_before_it(
    browser_decode: BrowserDecode, kind: FrameCodec, left: int
) -> None:
    good = kind, _STREAMS[kind]
    assert len(browser_decode([good])) == 1
    with pytest.raises(subprocess.CalledProcessError):
        browser_decode([good, (kind, good[1][:left])])


@pytest.mark.requirement("B-49", "D-41")
def test_codestreams_of_real_devices_decode_the_same_in_the_browser_and_here(
    browser_decode: BrowserDecode,
) -> None:
    frames = [one for one in _real_frames() if one.came is not None]
    here, streams = [], []
    for one in frames:
        assert one.came is not None
        try:
            values = codec.decode(one.came.codec, one.came.data, one.attributes)
        except Exception:
            continue
        here.append(values.tobytes())
        streams.append((one.came.codec, one.came.data))
    assert {kind for kind, _ in streams} >= {
        FrameCodec.JPEG,
        FrameCodec.JPEG_LS,
        FrameCodec.JPEG_2000,
    }
    assert len(here) > 15
    assert browser_decode(streams) == here


@pytest.mark.requirement("D-41")
def test_what_is_written_for_real_files_is_what_was_decoded_and_the_cheapest_of_all() -> None:
    passed_on = set()
    for one in _real_frames():
        stored = np.ascontiguousarray(one.stored, dtype=wire_dtype(one.attributes))
        kind, payload = codec.encode(stored, one.attributes, one.came)
        assert np.array_equal(codec.decode(kind, payload, one.attributes), stored)
        anew = codec.encode(stored, one.attributes)
        assert codec._cost(Codestream(kind, payload), stored) <= codec._cost(
            Codestream(*anew), stored
        )
        if one.came is not None and payload == one.came.data:
            passed_on.add(kind)
    assert FrameCodec.JPEG in passed_on  # ultrasound and captures stay as small as they came


def _lossy(**elements: object) -> Dataset:
    pixels = (phantom(1) // 8).astype(np.uint8)
    data = imagecodecs.jpeg8_encode(pixels, level=70)
    dataset = ct_slice(pixels, 1, "1.2.3")
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = encapsulate([bytes(data)])
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def test_a_lossy_jpeg_travels_as_it_came() -> None:
    source = next(source_frames(_lossy()))
    assert isinstance(source, SourceFrame) and source.came is not None
    kind, payload = codec.encode(source.stored, source.attributes, source.came)
    assert kind is FrameCodec.JPEG and payload == source.came.data


def test_a_codestream_that_decodes_to_something_else_is_written_anew() -> None:
    """Seven bits stored: what lies above is masked off here and would not be in the browser."""
    source = next(source_frames(_lossy(BitsStored=7, HighBit=6)))
    assert isinstance(source, SourceFrame) and source.came is not None
    assert source.stored.max() < 128
    kind, payload = codec.encode(source.stored, source.attributes, source.came)
    assert kind is not FrameCodec.JPEG
    assert np.array_equal(codec.decode(kind, payload, source.attributes), source.stored)


def test_a_damaged_codestream_is_written_anew() -> None:
    frame, stored = _case("uint12")
    kind, _ = codec.encode(stored, frame, Codestream(FrameCodec.JPEG_2000, b"\xff\x4f\xff\x51"))
    assert kind is not FrameCodec.JPEG_2000
