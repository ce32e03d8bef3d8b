"""What it means to look at a medical image, the same in the browser, on the server and in tests."""
