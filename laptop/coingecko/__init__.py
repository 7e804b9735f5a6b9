"""A stand-in for the CoinGecko API, with demo data or recorded responses."""
