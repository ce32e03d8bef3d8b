"""Why assets could not be built."""


class AssetError(RuntimeError):
    """The assets could not be built; what was there before is untouched."""


class DownloadError(AssetError):
    """A source could not be reached, or does not hold what it should."""


class HashMismatchError(AssetError):
    """Bytes are not those that are pinned. They are refused, wherever they came from."""
