"""What runs on a laptop in place of AWS, CoinGecko and MWAA; the README of each folder says more."""
