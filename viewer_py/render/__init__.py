"""Renderers: a scene in, a picture out."""
