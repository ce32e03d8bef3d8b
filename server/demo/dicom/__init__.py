"""DICOM files of the demo, written by pydicom, the same bytes at every run."""
