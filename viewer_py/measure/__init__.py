"""Measurements and marks: pure functions in pixel and patient space."""
