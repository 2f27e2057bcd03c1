"""Start the service: ``python bot.py run|web|chat|worker|clock|…``, the same as ``ketqua``."""

from bot.cli import main  # the package: it is found before this file

main()
