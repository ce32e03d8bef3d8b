"""The parts of the WebGL 2 renderer."""
