"""Records of a hospital's systems: read from views and files, sent to the centre (E-36, E-46)."""
