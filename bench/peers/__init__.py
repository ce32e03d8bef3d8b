"""The same series through cornerstone3D and through the product, in the same browser."""
