"""What hospitals hand over beside images, and how far the upload of each exam is."""
