"""What a series is: manifest, geometry, slice order."""
