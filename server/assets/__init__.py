"""Everything a browser needs that is not ours: fetched, verified, compiled, compressed once."""

from server.assets.builder import AssetSummary, build
from server.assets.bundle import build_viewer_bundle
from server.assets.catalog import AssetCatalog, AssetFile, AssetsMissingError
from server.assets.errors import AssetError, DownloadError, HashMismatchError

__all__ = [
    "AssetCatalog",
    "AssetError",
    "AssetFile",
    "AssetSummary",
    "AssetsMissingError",
    "DownloadError",
    "HashMismatchError",
    "build",
    "build_viewer_bundle",
]
