"""The frame codec, judged by the decoder that the browser uses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from server.imaging import codec
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.dicom.pack import FrameCodec, wire_dtype

CASES = {
    "uint8": (8, False, 1),
    "int8": (8, True, 1),
    "uint12": (12, False, 1),
    "uint16": (16, False, 1),
    "int16": (16, True, 1),
    "uint32": (32, False, 1),
    "int32": (32, True, 1),
    "float32": (32, True, 1),
    "rgb": (8, False, 3),
}
DECODE = """
const [, , library, wasm, source, target] = process.argv;
const fs = await import("node:fs");
process.type = "renderer"; // else the library, an ES module, takes the CommonJS way of Node
const { default: open } = await import(library);
const module = await open({ wasmBinary: fs.readFileSync(wasm) });
const decoder = new module.HTJ2KDecoder();
const encoded = fs.readFileSync(source);
decoder.getEncodedBuffer(encoded.length).set(encoded);
decoder.decode();
fs.writeFileSync(target, decoder.getDecodedBuffer());
"""


def _case(name: str) -> tuple[FrameAttributes, np.ndarray]:
    bits, signed, samples = CASES[name]
    frame = FrameAttributes(
        "1.2",
        1,
        37,
        53,
        samples_per_pixel=samples,
        bits_stored=bits,
        signed=signed,
        floating=name.startswith("float"),
    )
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    shape = (37, 53) if samples == 1 else (37, 53, 3)
    random = np.random.default_rng(bits).integers(low, high, shape)
    return frame, random.astype(wire_dtype(frame))


@pytest.mark.parametrize("name", list(CASES))
def test_every_kind_of_values_survives(name: str) -> None:
    frame, stored = _case(name)
    kind, payload = codec.encode(stored, frame)
    assert (kind is FrameCodec.HTJ2K) == (stored.itemsize <= 2)
    assert np.array_equal(codec.decode(kind, payload, frame), stored)


@pytest.mark.parametrize("name", [name for name in CASES if not name.endswith("32")])
def test_the_browser_decodes_the_same_values(name: str, tmp_path: Path) -> None:
    codecs = Path(__file__).parents[2] / "var" / "assets" / "codecs"
    library = next(codecs.glob("openjph-*.mjs"), None)
    wasm = next(codecs.glob("openjph-*.wasm"), None)
    node = shutil.which("node")
    if library is None or wasm is None or node is None:
        pytest.skip("the assets are not built (yingyun assets)")
    frame, stored = _case(name)
    (tmp_path / "frame.j2c").write_bytes(codec.encode(stored, frame)[1])
    (tmp_path / "decode.mjs").write_text(DECODE)
    arguments = [library, wasm, tmp_path / "frame.j2c", tmp_path / "frame.raw"]
    subprocess.run([node, tmp_path / "decode.mjs", *arguments], check=True, timeout=60)
    decoded = np.fromfile(tmp_path / "frame.raw", wire_dtype(frame))
    assert np.array_equal(decoded.reshape(stored.shape), stored)
