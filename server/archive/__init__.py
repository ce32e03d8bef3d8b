"""The archive: tiers, retention, recall, copies, erasure (docs/archive.md)."""
