"""What monitoring systems ask of a running portal."""
