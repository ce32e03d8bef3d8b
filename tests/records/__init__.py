"""What hospitals' systems tell beside images, and what is told of a study as a whole."""
