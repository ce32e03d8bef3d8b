"""Which exact bytes are accepted from outside: `pins.json`, read into types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PINS_PATH = Path(__file__).with_name("pins.json")


@dataclass(frozen=True)
class PackagePin:
    """One npm package: exact version and the registry's integrity (W3C SRI, sha512)."""

    name: str
    version: str
    integrity: str

    @property
    def archive_name(self) -> str:
        """The file name that `npm pack` gives to it."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"


@dataclass(frozen=True)
class WheelCarrier:
    """A wheel that carries copies of Pyodide's own wheels, for where their CDN is out of reach."""

    requirement: str
    python_version: str
    folder: str


@dataclass(frozen=True)
class FilePin:
    """One file taken as it is from a package."""

    package: str
    member: str


@dataclass(frozen=True)
class CodecPin:
    """An image codec: an Emscripten script, its WebAssembly, and the script's factory function."""

    package: str
    script: str
    wasm: str
    factory: str


@dataclass(frozen=True)
class Pins:
    """All that comes from outside."""

    packages: Mapping[str, PackagePin]
    wheel_carrier: WheelCarrier
    files: Mapping[str, FilePin]
    codecs: Mapping[str, CodecPin]


def load_pins(path: Path = PINS_PATH) -> Pins:
    """Read the pins."""
    pins = json.loads(path.read_text())
    return Pins(
        packages={name: PackagePin(name, **facts) for name, facts in pins["npm"].items()},
        wheel_carrier=WheelCarrier(**pins["wheel_carrier"]),
        files={name: FilePin(**facts) for name, facts in pins["files"].items()},
        codecs={name: CodecPin(**facts) for name, facts in pins["codecs"].items()},
    )
