"""DICOMweb (PS3.18): what hospitals' systems and workstations store, find and fetch by HTTP."""
