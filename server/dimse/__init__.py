"""The centre as a DICOM application entity: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET, commitment."""
