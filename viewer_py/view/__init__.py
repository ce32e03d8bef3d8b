"""State of the reading area, and the commands that change it."""
