"""The portal, scored by Lighthouse."""
