"""Drawing on images: what is drawn, the tools that draw it, and how it is edited."""
