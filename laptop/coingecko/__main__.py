"""The command line: `python -m laptop.coingecko`."""

from laptop.coingecko.stand_in import main

main()
