"""Everything about CoinGecko: its API, and what ingests it into bronze."""
