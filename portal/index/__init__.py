"""The index-sharing module (索引共享模块): a small service of its own, with a home of its own."""

from portal.index.app import create_index_app

__all__ = ["create_index_app"]
