"""What hospitals hand over beside images."""
