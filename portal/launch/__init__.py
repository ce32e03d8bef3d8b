"""The pages that a hospital's own system shows in a frame (C-38)."""
