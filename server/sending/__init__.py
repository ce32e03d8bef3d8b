"""One-click send (一键发送, C-26): objects of a study go to DICOM nodes, as they were received."""
