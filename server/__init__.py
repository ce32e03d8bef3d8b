"""The image cloud without a web page: model, ingest, store, keys, sharing, audit, jobs."""
