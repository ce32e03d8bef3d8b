"""Our own files under `/static/` and the built assets under `/assets/`, kept by browsers for long.

The addresses of our own files carry a hash of the whole folder as their first segment, so that
modules and style sheets that refer to each other stay together and may be kept for a year.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

import brotli
from flask import Blueprint, Flask, Response, current_app, g, request, send_file
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from portal.context import current_cloud
from portal.decisions import public
from portal.security import runs_python
from portal.style_sheets import members, set_name
from server.assets.catalog import MANIFEST_NAME, AssetCatalog, AssetsMissingError
from server.assets.icons import icon_names

EXTENSION = "yingyun-static"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"
HASH_PREFIX = "v-"
TEXT_SUFFIXES = frozenset({".css", ".js", ".svg", ".json", ".webmanifest"})
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

OTHER = "application/octet-stream"

blueprint = Blueprint("files", __name__)


@dataclass
class StaticFolder:
    """The folder `static/` as it was hashed last."""

    path: Path
    watch: bool
    _hash: str = ""
    _signature: tuple[tuple[str, int], ...] = ()
    _packed: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def hash(self) -> str:
        """Return the hash of all files; looked at again at each call while developing."""
        if self._hash and not self.watch:
            return self._hash
        files = sorted(path for path in self.path.rglob("*") if path.is_file())
        signature = tuple((str(path), path.stat().st_mtime_ns) for path in files)
        if signature != self._signature:
            digest = hashlib.sha256()
            for path in files:
                digest.update(str(path.relative_to(self.path)).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
            self._hash, self._signature = digest.hexdigest()[:16], signature
            self._packed.clear()
        return self._hash

    def files(self, name: str) -> list[Path]:
        """Return the files of an address: one, or a set of style sheets.

        Raises NotFound where one of them is not there.
        """
        found = [safe_join(str(self.path), member) for member in members(name)]
        if any(path is None or not Path(path).is_file() for path in found):
            raise NotFound
        return [Path(path) for path in found if path]

    def packed(self, name: str, coding: str) -> bytes:
        """Return what an address gives in a content coding ("br", "gzip"); each is made once."""
        key = (name, coding)
        if key not in self._packed:
            data = together(self.files(name))
            self._packed[key] = brotli.compress(data) if coding == "br" else gzip.compress(data)
        return self._packed[key]


def together(files: list[Path]) -> bytes:
    """Return the bytes of files one after the other."""
    return b"\n".join(file.read_bytes() for file in files)


def static_folder() -> StaticFolder:
    """Return the folder of our own files."""
    folder: StaticFolder = current_app.extensions[EXTENSION]
    return folder


def static_url(name: str) -> str:
    """Return the address of one of our own files, for example "css/base.css"."""
    if "static_hash" not in g:  # looking at all files again for each name makes a page slow
        g.static_hash = static_folder().hash()
    return f"/static/{HASH_PREFIX}{g.static_hash}/{name}"


def style_url(name: str) -> str:
    """Return the address of a set of style sheets (`portal.style_sheets`)."""
    return static_url(set_name(name))


def accepted_codings() -> list[str]:
    """Return the content codings that the browser takes, those we have (RFC 9110 12.5.3)."""
    accepted = request.accept_encodings
    return [coding for coding in ("br", "gzip") if accepted.quality(coding) > 0]


def _split_hash(path: str) -> tuple[bool, str]:
    first, _, rest = path.partition("/")
    if first.startswith(HASH_PREFIX) and rest:
        return first == f"{HASH_PREFIX}{static_folder().hash()}", rest
    return False, path


@blueprint.get("/static/<path:path>")
@public
@runs_python
def static_file(path: str) -> Response:
    """Serve one of our own files."""
    current, name = _split_hash(path)
    response = _encoded(static_folder().files(name), name)
    response.headers["Cache-Control"] = IMMUTABLE if current else REVALIDATE
    return response


def _encoded(files: list[Path], name: str) -> Response:
    suffix = files[0].suffix
    media_type = MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or OTHER
    codings = accepted_codings() if suffix in TEXT_SUFFIXES else []
    if codings:
        response = Response(static_folder().packed(name, codings[0]), content_type=media_type)
        response.headers["Content-Encoding"] = codings[0]
        response.set_etag(f"{static_folder().hash()}-{codings[0]}", weak=True)
        response.make_conditional(request)
    elif len(files) > 1:
        response = Response(together(files), content_type=media_type)
    else:
        response = send_file(files[0], conditional=True)
        response.content_type = media_type
    response.vary.add("Accept-Encoding")
    return response


@dataclass(frozen=True)
class _OpenedCatalog:
    """The catalogue, and which manifest it was read from."""

    catalog: AssetCatalog
    manifest_time: int


def open_catalog() -> AssetCatalog | None:
    """Return the built assets as they are now; None when they were never built."""
    folder = current_cloud().settings.assets_dir
    try:
        manifest_time = (folder / MANIFEST_NAME).stat().st_mtime_ns
        opened: _OpenedCatalog | None = current_app.extensions.get(EXTENSION + "-assets")
        if opened is None or opened.manifest_time != manifest_time:
            opened = _OpenedCatalog(AssetCatalog(folder), manifest_time)
            current_app.extensions[EXTENSION + "-assets"] = opened
    except (FileNotFoundError, AssetsMissingError):
        return None
    return opened.catalog


def asset(name: str) -> str:
    """Return the address of a built asset. Raises AssetsMissingError."""
    catalog = open_catalog()
    if catalog is None:
        raise AssetsMissingError("没有资源，请运行 yingyun assets / no assets: run yingyun assets")
    return catalog.url(name)


def has_asset(name: str) -> bool:
    """Whether a built asset is there; pages are whole without (A-51)."""
    catalog = open_catalog()
    return catalog is not None and name in catalog.names()


@blueprint.get("/assets/<path:path>")
@public
@runs_python
def asset_file(path: str) -> Response:
    """Serve a built asset, in the smallest content coding that the browser takes."""
    catalog = open_catalog()
    file = catalog.resolve(path) if catalog else None
    if file is None:
        raise NotFound
    chosen, coding = file.variant(accepted_codings())
    response = send_file(chosen, mimetype=file.media_type, conditional=True, etag=False)
    response.content_type = file.media_type
    if coding:
        response.headers["Content-Encoding"] = coding
    response.set_etag(f"{file.sha256[:32]}-{coding or 'identity'}")
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = IMMUTABLE
    return response


@functools.cache
def _icon_names() -> frozenset[str]:
    return frozenset(icon_names())


def icon(name: str, label: str = "") -> Markup:
    """Return an icon of `server/assets/icons.json`; with a label it speaks, without it is décor.

    Nothing where no assets were built. Raises KeyError for a name that is not in the set.
    """
    if name not in _icon_names():
        raise KeyError(f"no icon is called {name}")
    if not has_asset("icons.svg"):
        return Markup("")
    speech = Markup('role="img" aria-label="{}"').format(label)
    return Markup('<svg class="icon" {} focusable="false"><use href="{}#{}"></use></svg>').format(
        speech if label else Markup('aria-hidden="true"'), asset("icons.svg"), name
    )


def install_static_files(app: Flask, path: Path) -> None:
    """Serve static files and assets, and give their addresses to the templates."""
    development = app.extensions["yingyun"].settings.development
    app.extensions[EXTENSION] = StaticFolder(path, watch=development)
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        static_url=static_url, style_url=style_url, asset=asset, has_asset=has_asset, icon=icon
    )
