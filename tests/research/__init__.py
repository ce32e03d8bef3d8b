"""Images for research."""
