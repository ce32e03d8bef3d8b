"""HTTP in front of the image cloud: pages, fragments, APIs and the command line."""
