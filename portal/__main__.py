"""`python -m portal` is `yingyun`."""

from portal.cli import main

main()
