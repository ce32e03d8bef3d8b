"""From received DICOM objects to what people look at: decoded, described, packed, delivered."""
