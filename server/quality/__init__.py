"""Quality of images (影像质控): rules over facts, figures, a grade; see docs/quality.md."""
