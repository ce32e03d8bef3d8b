"""What should be on the screen, as plain data."""
