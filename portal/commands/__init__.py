"""What `yingyun` does on the command line: one module a command (design §7)."""
