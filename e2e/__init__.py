"""Browser tests of the whole product, and the screenshots of its pages."""
