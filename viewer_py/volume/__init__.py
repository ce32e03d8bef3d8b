"""Volumes: what a stack of slices says of the space between its pixels."""
