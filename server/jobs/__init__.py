"""Work that takes time: queued, retried with back-off, done by workers beside the web process."""
