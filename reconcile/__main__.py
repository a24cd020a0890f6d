"""`python -m reconcile` is `bonusctl`."""

from reconcile.cli import main

main()
