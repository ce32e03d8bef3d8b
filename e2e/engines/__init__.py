"""Other engines than Chromium's: the reader's way through WebKit and Firefox."""
