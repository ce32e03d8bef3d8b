"""Signing in with two factors, and out again (F-03 … F-06)."""

from portal.auth.views import blueprint

__all__ = ["blueprint"]
