"""What programs are answered: data, never pages."""
