"""From stored bits to modality values to grey on the screen (DICOM PS3.3 C.7.6.3, C.11)."""
