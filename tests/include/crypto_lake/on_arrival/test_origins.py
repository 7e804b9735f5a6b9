# ruff: noqa: E501 - a file is a line
"""Files as APIs, exchanges, portals, databases and spreadsheets write them.

What is right was decided for each before the cleaning saw it: the rows, a refusal, or either of the two. Only
their form is from the sources; every value is made up.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from include.crypto_lake.on_arrival.cleaning import SourceObject, UnusableFileError, clean

DAY = "09-10"
DATED, UNDATED = "raw/prices_2026-09-10.x", "raw/prices.x"
T = "2026-09-10T10:00:00Z"
MS = 1789034400000
SECONDS = MS // 1000

Rows = dict[tuple[str, str], float]


class Dropped(NamedTuple):
    """A file, and what may become of it.

    Attributes:
        name: What it is.
        body: Its content; what is not text or bytes is written as JSON.
        key: Its key.
        rows: (month-day, coin) -> price: nothing else may come out.
        must_be_read: Whether all of that has to come out.
        columns: Column -> the value that each row has there, or null.
    """

    name: str
    body: Any
    key: str
    rows: Rows
    must_be_read: bool
    columns: dict[str, Any]

    @property
    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


def read(name: str, body: Any, rows: Rows, *, key: str = DATED, **columns: Any) -> Dropped:
    return Dropped(name, body, key, rows, True, columns)


def refused(name: str, body: Any, *, key: str = DATED) -> Dropped:
    return Dropped(name, body, key, {}, False, {})


def never_wrong(name: str, body: Any, rows: Rows, *, key: str = DATED, **columns: Any) -> Dropped:
    return Dropped(name, body, key, rows, False, columns)


def cleaned(dropped: Dropped) -> dict[tuple[str, str], dict[str, Any]] | UnusableFileError:
    """The rows that come out of a file, or its refusal."""
    source = SourceObject(dropped.key, "etag", datetime(2026, 9, 30, tzinfo=UTC))
    try:
        file = clean(io.BytesIO(dropped.bytes), source, currency="usd", on_reject=lambda row: None)
    except UnusableFileError as error:
        return error
    return {
        (day.isoformat()[5:], row["coin_id"]): row
        for day, table in file.days.items()
        for row in table.to_pylist()
    }


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("prices.csv", "id,price\nbitcoin,5\n")
    return file.getvalue()


# fmt: off
MARKET = {
    "id": "bitcoin",
    "symbol": "btc",
    "name": "Bitcoin",
    "image": "https://x/1.png",
    "current_price": 64123,
    "market_cap": 1270000000000,
    "market_cap_rank": 1,
    "fully_diluted_valuation": 1340000000000,
    "total_volume": 30000000000,
    "high_24h": 64500,
    "low_24h": 63000,
    "price_change_24h": 12.5,
    "price_change_percentage_24h": 0.02,
    "market_cap_change_24h": 5,
    "market_cap_change_percentage_24h": 0.1,
    "circulating_supply": 19700000,
    "total_supply": 21000000,
    "max_supply": 21000000,
    "ath": 73738,
    "ath_change_percentage": -13,
    "ath_date": "2024-03-14T07:10:36.635Z",
    "atl": 67.81,
    "atl_change_percentage": 9,
    "atl_date": "2013-07-06T00:00:00.000Z",
    "roi": None,
    "last_updated": T,
    "sparkline_in_7d": {"price": [1, 2.5]},
    "price_change_percentage_7d_in_currency": 1.2,
}
COIN = {
    "id": "bitcoin",
    "symbol": "btc",
    "name": "Bitcoin",
    "web_slug": "bitcoin",
    "asset_platform_id": None,
    "platforms": {"": ""},
    "block_time_in_minutes": 10,
    "categories": ["a"],
    "localization": {"en": "Bitcoin"},
    "description": {"en": "x"},
    "links": {"homepage": ["x"]},
    "image": {"thumb": "https://x", "small": "https://y"},
    "country_origin": "",
    "genesis_date": "2009-01-03",
    "market_cap_rank": 1,
    "market_data": {
        "current_price": {"aed": 235000, "btc": 1, "eur": 59000, "usd": 64123.5},
        "total_value_locked": None,
        "ath": {"eur": 68000, "usd": 73738},
        "ath_change_percentage": {"eur": -1, "usd": -13},
        "ath_date": {"eur": "2024-03-14T00:00:00Z", "usd": "2024-03-14T07:10:36.635Z"},
        "market_cap": {"eur": 1, "usd": 1.27e12},
        "total_volume": {"eur": 1, "usd": 3e10},
        "high_24h": {"eur": 1, "usd": 64500},
        "low_24h": {"eur": 1, "usd": 63000},
        "price_change_24h": 12.5,
        "price_change_percentage_24h": 0.02,
        "price_change_24h_in_currency": {"eur": 1, "usd": 12.5},
        "total_supply": 21000000,
        "max_supply": 21000000,
        "circulating_supply": 19700000,
        "last_updated": T,
    },
    "last_updated": T,
    "tickers": [{"base": "BTC", "target": "USDT", "last": 1}],
}
HISTORY = {"id": "bitcoin", "symbol": "btc", "name": "Bitcoin", "localization": {"en": "Bitcoin"}, "image": {"thumb": "t"}, "market_data": {"current_price": {"eur": 59000, "usd": 64123.5}, "market_cap": {"eur": 1, "usd": 1.27e12}, "total_volume": {"eur": 1, "usd": 3e10}}, "community_data": {"facebook_likes": None}}
IN_EUROS = HISTORY | {"market_data": {"current_price": {"eur": 59000}}}
TICKERS = [
    {
        "base": "BTC",
        "target": "USD",
        "market": {"name": "Kraken", "identifier": "kraken"},
        "last": 64123.5,
        "volume": 1234.5,
        "converted_last": {"btc": 1, "eth": 18, "usd": 64123.5},
        "converted_volume": {"usd": 7.9e7},
        "trust_score": "green",
        "bid_ask_spread_percentage": 0.01,
        "timestamp": T,
        "coin_id": "bitcoin",
        "target_coin_id": "",
    },
    {"base": "BTC", "target": "JPY", "last": 9800000, "volume": 4.5, "coin_id": "bitcoin", "timestamp": T},
]
KLINES = "coin_id,open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,ignore\n"
WEEKS = "coin,date,open,high,low,close,market_cap\n" + "".join(f"bitcoin,{d},1,9,1,5,7\n" for d in ("2026-09-10", "2026-09-03", "2026-08-27"))

COINGECKO = [
    read("cg markets", [MARKET], {(DAY, "bitcoin"): 64123}, key=UNDATED, market_cap=1.27e12, price_change_percentage_24h=0.02),
    read("cg coin", COIN, {(DAY, "bitcoin"): 64123.5}, key=UNDATED, market_cap=1.27e12, high_24h=64500, total_volume=3e10, ath=73738),
    read("cg history dated", HISTORY, {(DAY, "bitcoin"): 64123.5}, market_cap=1.27e12),
    refused("cg history undated", HISTORY, key=UNDATED),
    refused("cg history eur", IN_EUROS),
    refused("cg market_chart no id", {"prices": [[MS, 1]], "market_caps": [[MS, 2]], "total_volumes": [[MS, 3]]}, key="raw/bitcoin_2026-09-10.json"),
    read("cg market_chart id", {"id": "bitcoin", "prices": [[MS - 86400000, 5], [MS, 6]], "market_caps": [[MS, 2]], "total_volumes": [[MS, 3]]}, {("09-09", "bitcoin"): 5, (DAY, "bitcoin"): 6}, key=UNDATED),
    never_wrong("cg market_chart by coin", {"bitcoin": {"prices": [[MS, 64123.5]], "market_caps": [], "total_volumes": []}, "solana": {"prices": [[MS, 145.6]]}}, {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6}, key=UNDATED),
    refused("cg market_chart eur", {"id": "bitcoin", "vs_currency": "eur", "prices": [[MS, 6]]}, key=UNDATED),
    refused("cg ohlc", [[MS, 1, 2, 3, 4], [MS, 1, 2, 3, 4]]),
    read(
        "cg simple many",
        {"bitcoin": {"usd": 64123.5, "usd_market_cap": 1.27e12, "usd_24h_vol": 3e10, "usd_24h_change": 1.5, "eur": 59000, "eur_market_cap": 1, "eur_24h_vol": 2, "eur_24h_change": 3, "last_updated_at": SECONDS}, "ethereum": {"usd": 3456, "eur": 3200, "last_updated_at": SECONDS}},
        {(DAY, "bitcoin"): 64123.5, (DAY, "ethereum"): 3456},
        key=UNDATED,
        market_cap=1.27e12,
        total_volume=3e10,
    ),
    refused("cg simple eur", {"bitcoin": {"eur": 59000, "eur_market_cap": 1}}),
    read("cg simple mixed", {"bitcoin": {"eur": 59000}, "solana": {"usd": 145.6}}, {(DAY, "solana"): 145.6}),
    refused("cg token price", {"0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": {"usd": 64000}}),
    never_wrong("cg tickers array", TICKERS, {(DAY, "bitcoin"): 64123.5}, key=UNDATED, total_volume=None),
    never_wrong("cg tickers", {"name": "Bitcoin", "tickers": TICKERS}, {(DAY, "bitcoin"): 64123.5}, key=UNDATED, total_volume=None),
    never_wrong("cg gainers", {"top_gainers": [{"id": "a", "usd": 1.5, "usd_24h_vol": 3}], "top_losers": [{"id": "b", "usd": 2}]}, {(DAY, "a"): 1.5, (DAY, "b"): 2}),
    never_wrong("cg trending", {"coins": [{"item": {"id": "bitcoin", "coin_id": 1, "price_btc": 1, "data": {"price": 64000.1, "market_cap": "$1,270"}}}], "nfts": []}, {(DAY, "bitcoin"): 64000.1}),
    refused("cg rates", {"rates": {"btc": {"name": "Bitcoin", "unit": "BTC", "value": 1, "type": "crypto"}, "usd": {"name": "US Dollar", "unit": "$", "value": 64123.5, "type": "fiat"}}}),
    refused("cg categories", [{"id": "layer-1", "name": "Layer 1", "market_cap": 2e12, "volume_24h": 3e10}]),
    refused("cg derivatives", [{"market": "Binance (Futures)", "symbol": "BTCUSDT", "index_id": "BTC", "price": "64123.5", "contract_type": "perpetual", "last_traded_at": SECONDS}]),
    refused("cg global", {"data": {"active_cryptocurrencies": 1, "total_market_cap": {"usd": 1}, "market_cap_percentage": {"btc": 50}}}),
    refused("cg nft", [{"id": "bored-ape", "floor_price": {"native_currency": 20, "usd": 60000}, "market_cap": {"usd": 1}}]),
    refused("cg csv export no coin", "snapped_at,price,market_cap,total_volume\n2026-09-08 00:00:00 UTC,135.3,1500517590.0,0.0\n", key="raw/btc-usd-max.csv"),
    refused("cg csv export eur in name", "id,snapped_at,price,market_cap,total_volume\nbitcoin,2026-09-08 00:00:00 UTC,135.3,1500517590.0,0.0\n", key="raw/btc-eur-max.csv"),
    refused("markets eur in name", [{"id": "bitcoin", "current_price": 59000}], key="raw/markets_eur_2026-09-10.json"),
    refused("markets vs_currency folder", [{"id": "bitcoin", "current_price": 59000}], key="raw/vs_currency=eur/2026-09-10.json"),
    read("btc in name", [{"id": "bitcoin", "current_price": 59000}], {(DAY, "bitcoin"): 59000}, key="raw/btc_2026-09-10.json"),
    read("eurusd in name labelled", [{"id": "bitcoin", "price_usd": 59000}], {(DAY, "bitcoin"): 59000}, key="raw/eur/2026-09-10.json"),
]

OTHER_SOURCES = [
    never_wrong(
        "coincap",
        {
            "data": [
                {"id": "binance-coin", "rank": "4", "symbol": "BNB", "name": "BNB", "supply": "1", "maxSupply": None, "marketCapUsd": "1", "volumeUsd24Hr": "2", "priceUsd": "600.5", "changePercent24Hr": "1", "vwap24Hr": "3", "explorer": "x"},
                {"id": "bitcoin", "rank": "1", "symbol": "BTC", "name": "Bitcoin", "priceUsd": "64123.5", "changePercent24Hr": "1", "vwap24Hr": "3"},
            ],
            "timestamp": MS,
        },
        {(DAY, "bitcoin"): 64123.5},
        key=UNDATED,
    ),
    refused("cmc listings", {"status": {"timestamp": T, "error_code": 0, "error_message": None}, "data": [{"id": 1839, "name": "BNB", "symbol": "BNB", "slug": "bnb", "cmc_rank": 4, "date_added": "2017-07-25T00:00:00.000Z", "quote": {"USD": {"price": 600.5, "volume_24h": 1, "last_updated": T}}}]}),
    refused("cmc quotes by symbol", {"status": {"error_code": 0}, "data": {"BTC": {"id": 1, "symbol": "BTC", "slug": "bitcoin", "quote": {"USD": {"price": 1}}}}}),
    refused("cmc quotes inner", {"1": {"id": 1, "symbol": "BTC", "slug": "bitcoin", "quote": {"USD": {"price": 1}}}, "1839": {"id": 1839, "slug": "bnb", "quote": {"USD": {"price": 600}}}}),
    refused(
        "cmc hist csv",
        'timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;circulatingSupply;timestamp\n"2026-09-08T00:00:00.000Z";"2026-09-08T23:59:59.999Z";"2026-09-08T13:00:00.000Z";"2026-09-08T03:00:00.000Z";"2781";63000.1;65000;62000;64123.5;30000000000.5;1270000000000.5;19700000;"2026-09-08T23:59:59.999Z"\n',
        key="raw/Bitcoin_8.7.2026-9.10.2026_historical_data_coinmarketcap.csv",
    ),
    read(
        "cmc hist csv coin",
        'coin_id;timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;circulatingSupply;timestamp\nbitcoin;"2026-09-08T00:00:00.000Z";"2026-09-08T23:59:59.999Z";"2026-09-08T13:00:00.000Z";"2026-09-08T03:00:00.000Z";"2781";63000.1;65000;62000;64123.5;30000000000.5;1270000000000.5;19700000;"2026-09-08T23:59:59.999Z"\n',
        {("09-08", "bitcoin"): 64123.5},
        key=UNDATED,
        market_cap=1270000000000.5,
    ),
    refused("cmc table", '#,Name,Price,1h %,24h %,7d %,Market Cap,Volume(24h),Circulating Supply\n1,BitcoinBTC,"$64,123.50",0.1%,1.2%,-3%,"$1,270,000,000,000","$30,000,000,000","19,700,000 BTC"\n'),
    refused("kaggle coin_Bitcoin", "SNo,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap\n1,Bitcoin,BTC,2026-09-08 23:59:59,147,134,144,144.5,0,1603768864\n", key="raw/coin_Bitcoin.csv"),
    never_wrong(
        "kaggle crypto-markets",
        "slug,symbol,name,date,ranknow,open,high,low,close,volume,market,close_ratio,spread\nbitcoin,BTC,Bitcoin,2026-09-08,1,135,136,132,134.21,10,1488566728,0.54,3.88\nbinance-coin,BNB,Binance Coin,2026-09-08,3,1,1,1,1.5,10,1,0.54,3.88\n",
        {("09-08", "bitcoin"): 134.21},
        key="raw/crypto-markets.csv",
        total_volume=None,
    ),
    refused("binance klines noheader", "1788998400000,64100.1,64200,62000,64150,160.17,1789084799999,10260000.5,1234,80.1,5130000.2,0\n", key="raw/BTCUSDT-1d-2026-09-10.csv"),
    never_wrong("binance klines header us", KLINES + "bitcoin,1788825600000000,64100.1,64200,62000,64150,160.17,1788911999999999,10260000.5,12,1,0\n", {("09-08", "bitcoin"): 64150}, key="raw/klines_2026-09-10.csv", total_volume=None),
    never_wrong(
        "binance klines two days", KLINES + "bitcoin,1788825600000,64100.1,64200,62000,64150,160.17,1788911999999,10260000.5,12,1,0\nbitcoin,1788912000000,64100.1,64200,62000,64151,160.17,1788998399999,10260000.5,12,1,0\n", {("09-08", "bitcoin"): 64150, ("09-09", "bitcoin"): 64151}, key=UNDATED, total_volume=None
    ),
    refused("binance ticker24", [{"symbol": "BTCUSDT", "priceChange": "1", "weightedAvgPrice": "2", "lastPrice": "64123.5", "bidPrice": "1", "openTime": MS, "closeTime": MS, "volume": "3", "quoteVolume": "4"}]),
    refused("binance price", [{"symbol": "ETHBTC", "price": "0.05"}, {"symbol": "BTCUSDT", "price": "64123.5"}]),
    refused("bybit with coin", [{"coin_id": "bitcoin", "symbol": "BTCUSDT", "lastPrice": "64123.5", "volume24h": "1234.5", "turnover24h": "79000000", "highPrice24h": "1"}]),
    read("bybit usd", [{"coin_id": "bitcoin", "lastPrice": "64123.5", "volume24h": "1234.5", "turnover24h": "79000000"}], {(DAY, "bitcoin"): 64123.5}, total_volume=None),
    refused("okx inst pair", [{"coin_id": "bitcoin", "instId": "BTC-USDT", "last": "64123.5", "vol24h": "1234", "volCcy24h": "79000000", "ts": str(MS)}]),
    refused("okx inst eur", [{"coin_id": "bitcoin", "instId": "BTC-EUR", "last": "59000.5", "ts": str(MS)}]),
    refused("cb spot", {"data": {"base": "BTC", "currency": "USD", "amount": "64123.5"}}),
    refused("cb rates", {"data": {"currency": "BTC", "rates": {"USD": "64123.5", "EUR": "59000"}}}),
    read("cb ticker", {"coin_id": "bitcoin", "ask": "64124", "bid": "64123", "volume": "1234.5", "trade_id": 1, "price": "64123.5", "size": "0.1", "time": T}, {(DAY, "bitcoin"): 64123.5}, total_volume=None),
    refused("kraken ohlc", {"error": [], "result": {"XXBTZUSD": [[1788998400, "64100.1", "1", "1", "1", "1", "1", 5]], "last": 1789001}}),
    refused("yahoo", "Date,Open,High,Low,Close,Adj Close,Volume\n2026-09-08,1,2,3,4,4,5\n", key="raw/BTC-USD.csv"),
    refused("yahoo ticker", "Date,Ticker,Open,High,Low,Close,Adj Close,Volume\n2026-09-08,BTC-USD,1,2,3,4,4,5\n", key=UNDATED),
    refused("yahoo eur coin", "Date,COIN,Ticker,Open,High,Low,Close,Adj Close,Volume\n2026-09-08,bitcoin,BTC-EUR,1,2,3,4,4,5\n", key=UNDATED),
    refused("yahoo multi", "Price,Close,Close\nTicker,BTC-USD,ETH-USD\nDate,,\n2026-09-08,64123,3456\n", key=UNDATED),
    refused("cc histoday", {"Response": "Success", "Message": "", "HasWarning": False, "Type": 100, "RateLimit": {}, "Data": {"Aggregated": False, "TimeFrom": 1, "Data": [{"time": SECONDS, "high": 1, "low": 1, "open": 1, "volumefrom": 1, "volumeto": 1, "close": 1}]}}),
    read("cc histoday rows", [{"coin": "bitcoin", "time": SECONDS, "high": 3, "low": 1, "open": 1, "volumefrom": 1, "volumeto": 64000, "close": 2, "conversionType": "direct"}], {(DAY, "bitcoin"): 2}, key=UNDATED, total_volume=None),
    refused("cc pricemulti", {"BTC": {"USD": 64123.5, "EUR": 59000}, "ETH": {"USD": 3456}}),
    refused("cc full", {"RAW": {"BTC": {"USD": {"PRICE": 1}}}, "DISPLAY": {"BTC": {"USD": {"PRICE": "$ 1"}}}}),
    refused("investing", '"Date","Price","Open","High","Low","Vol.","Change %"\n"09/08/2026","64,123.5","1","2","3","1.02K","1.78%"\n', key="raw/Bitcoin Historical Data.csv"),
    read(
        "investing coin mdy",
        '"coin","Date","Price","Open","High","Low","Vol.","Change %"\n"bitcoin","09/08/2026","64,123.5","63,000.0","65,000.0","62,000.0","1,234.5K","1.78%"\n"bitcoin","08/31/2026","60,000.0","63,000.0","65,000.0","62,000.0","-","1.78%"\n',
        {("09-08", "bitcoin"): 64123.5, ("08-31", "bitcoin"): 60000},
        key=UNDATED,
        total_volume=None,
    ),
    refused("investing german", 'coin;"Datum";"Zuletzt";"Eröffn.";"Vol."\nbitcoin;"08.09.2026";"64.123,5";"1";"1,2K"\n'),
    refused("cryptodatadownload", "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n1789034400,2026-09-10 10:00:00,BTC/USD,1,2,3,4,5,6\n", key="raw/Bitstamp_BTCUSD_1h.csv"),
    read(
        "cryptodatadownload coin",
        "https://www.CryptoDataDownload.com\ncoin,unix,date,symbol,open,high,low,close,Volume BTC,Volume USD\nbitcoin,1789034400,2026-09-10 10:00:00,BTC/USD,1,2,3,4,5,6\nbitcoin,1789030800,2026-09-10 09:00:00,BTC/USD,1,2,3,5,5,6\n",
        {(DAY, "bitcoin"): 4},
        key=UNDATED,
        total_volume=None,
        high_24h=None,
        low_24h=None,
    ),
    refused("paprika bare", [{"id": "btc-bitcoin", "price": 1}, {"id": "eth-ethereum", "price": 2}, {"id": "usdc-usd-coin", "price": 1}]),
    refused("paprika csv one", "id,price_usd\nsol-solana,145.6\n"),
    read("cg ids with dashes", "id,price\nusd-coin,1\nbitcoin-cash,300\nwrapped-bitcoin,64000\nshiba-inu,0.00001\nusd-coin-avalanche-bridged-usdc-e,1\n", {(DAY, "usd-coin"): 1, (DAY, "bitcoin-cash"): 300, (DAY, "wrapped-bitcoin"): 64000, (DAY, "shiba-inu"): 0.00001, (DAY, "usd-coin-avalanche-bridged-usdc-e"): 1}),
    refused("nomics", [{"id": "BTC", "currency": "BTC", "symbol": "BTC", "name": "Bitcoin", "price": "64123.5", "price_timestamp": T, "1d": {"volume": "1"}}]),
    refused("coinapi", [{"asset_id": "BTC", "name": "Bitcoin", "type_is_crypto": 1, "price_usd": 64123.5, "data_end": "2026-09-10"}]),
    never_wrong("llama", {"coins": {"coingecko:bitcoin": {"price": 64123.5, "symbol": "BTC", "timestamp": SECONDS}}}, {(DAY, "bitcoin"): 64123.5}),
    never_wrong("llama flat", {"coingecko:bitcoin": {"price": 64123.5, "symbol": "BTC", "timestamp": SECONDS}}, {(DAY, "bitcoin"): 64123.5}, key=UNDATED),
]

DATABASES = [
    read("sql dump row ids", "id,coin_id,price\n1,bitcoin,64123.5\n2,solana,145.6\n", {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6}),
    refused("sql dump slug only", "id,slug,price\n1,bitcoin,64123.5\n2,solana,145.6\n"),
    never_wrong("db daily with updated_at", "id,coin_id,date,close,created_at,updated_at\n" + "".join(f"{n},bitcoin,2026-09-0{n},{100 + n},2026-09-15 10:00:0{n},2026-09-15 10:00:0{n}\n" for n in range(1, 8)), {(f"09-0{n}", "bitcoin"): 100 + n for n in range(1, 8)}, key=UNDATED),
    never_wrong("history with last_updated of export", "id,date,price,last_updated\n" + "".join(f"bitcoin,2026-09-0{n},{100 + n},2026-09-15T10:00:0{n}Z\n" for n in range(1, 8)), {(f"09-0{n}", "bitcoin"): 100 + n for n in range(1, 8)}, key=UNDATED),
    never_wrong("history with timestamp of export, dated name", "coin,price_date,price,timestamp\n" + "".join(f"bitcoin,2026-09-0{n},{100 + n},2026-09-15T10:00:0{n}Z\n" for n in range(1, 8)), {(f"09-0{n}", "bitcoin"): 100 + n for n in range(1, 8)}, key="raw/export_2026-09-15.csv"),
    never_wrong("price_date alone, dated name", "coin,price_date,price\nbitcoin,2026-09-08,5\n", {("09-08", "bitcoin"): 5}, key="raw/export_2026-09-15.csv"),
    never_wrong("day column alone", "coin,day,price\nbitcoin,2026-09-08,5\n", {("09-08", "bitcoin"): 5}, key="raw/export_2026-09-15.csv"),
    never_wrong("unix column, dated name", f"coin,unix,price\nbitcoin,{SECONDS},5\n", {(DAY, "bitcoin"): 5}, key="raw/export_2026-09-15.csv"),
    never_wrong("fetched_at, dated name", {"fetched_at": "2026-09-08T10:00:00Z", "data": [{"id": "bitcoin", "price": 5}]}, {("09-08", "bitcoin"): 5}, key="raw/export_2026-09-15.json"),
    never_wrong("trade_date", "coin,Trade Date,price\nbitcoin,2026-09-08,5\n", {("09-08", "bitcoin"): 5}, key="raw/export_2026-09-15.csv"),
    never_wrong("snapshot_date", "coin,snapshot_date,price\nbitcoin,2026-09-08,5\nsolana,2026-09-09,5\n", {("09-08", "bitcoin"): 5, ("09-09", "solana"): 5}, key="raw/export_2026-09-15.csv"),
    never_wrong("datum", "coin;Datum;price\nbitcoin;08.09.2026;5,5\n", {("09-08", "bitcoin"): 5.5}, key="raw/export_2026-09-15.csv"),
    read("genesis date ok", "id,price,genesis_date\nbitcoin,5,2009-01-03\n", {(DAY, "bitcoin"): 5}),
    read("date_added ok", "id,price,date_added\nbitcoin,5,2013-04-28\n", {(DAY, "bitcoin"): 5}),
    never_wrong("year month day", "coin,year,month,day,price\nbitcoin,2026,9,8,5\n", {("09-08", "bitcoin"): 5}, key="raw/export_2026-09-15.csv"),
    never_wrong("year month day undated", "coin,year,month,day,price\nbitcoin,2026,9,8,5\nbitcoin,2026,9,9,6\n", {("09-08", "bitcoin"): 5, ("09-09", "bitcoin"): 6}, key=UNDATED),
    read("mongo deep", [{"_id": {"$oid": "66f1a0c2a1b2c3d4e5f60701"}, "id": "bitcoin", "price": {"$numberDouble": "64123.5"}, "market_cap": {"$numberLong": "1270000000000"}, "last_updated": {"$date": {"$numberLong": str(MS)}}}], {(DAY, "bitcoin"): 64123.5}, key=UNDATED, market_cap=1.27e12),
    read("mongo date iso", [{"_id": {"$oid": "66f1a0c2a1b2c3d4e5f60701"}, "coin": "bitcoin", "price": 5, "timestamp": {"$date": T}}], {(DAY, "bitcoin"): 5}, key=UNDATED),
    refused("dynamo", json.dumps({"Item": {"id": {"S": "bitcoin"}, "price": {"N": "64123.5"}}}) + "\n" + json.dumps({"Item": {"id": {"S": "solana"}, "price": {"N": "1"}}})),
    refused("dynamo flat", [{"id": {"S": "bitcoin"}, "price": {"N": "64123.5"}}]),
    read("firebase", {"-NvX3kq8Zabcdefghijk": {"coin": "bitcoin", "price": 5}, "-NvX3kq8Zabcdefghijl": {"coin": "solana", "price": 6}}, {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    never_wrong("firestore keys", {"8sZ4kQ2mN1pXcVbT7yRw": {"coin": "bitcoin", "price": 5}, "9sZ4kQ2mN1pXcVbT7yRw": {"coin": "solana", "price": 6}}, {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    refused("firestore keys alone", {"8sZ4kQ2mN1pXcVbT7yRw": {"symbol": "BTC", "price": 5}, "9sZ4kQ2mN1pXcVbT7yRw": {"symbol": "SOL", "price": 6}}),
    never_wrong("es dump", json.dumps({"_index": "coins", "_id": "x1", "_score": 1, "_source": {"id": "bitcoin", "price": 1}}) + "\n" + json.dumps({"_index": "coins", "_id": "x2", "_score": 1, "_source": {"id": "solana", "price": 1}}), {}),
    never_wrong("ulid", "id,COIN,price\n01J8Z3K6YQ4V6E5W2T1R0N9M8A,bitcoin,5\n", {(DAY, "bitcoin"): 5}),
    refused("ulid alone", "id,symbol,price\n01J8Z3K6YQ4V6E5W2T1R0N9M8A,BTC,5\n"),
    never_wrong("cuid", "id,COIN,price\ncl9ebqhxk00003b600tymydho,bitcoin,5\n", {(DAY, "bitcoin"): 5}),
    never_wrong("airtable", "id,coin_id,price\nrecA1b2C3d4E5f6G7,bitcoin,5\n", {(DAY, "bitcoin"): 5}),
    refused("airtable alone", "id,price\nrecA1b2C3d4E5f6G7,5\n"),
    never_wrong("row-n ids", "id,COIN,price\nrow-1,bitcoin,5\nrow-2,solana,6\n", {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    refused("composite key", [{"id": "bitcoin_2026-09-10", "price": 5}, {"id": "solana_2026-09-10", "price": 6}]),
    refused("composite key colon", [{"id": "coin#bitcoin", "price": 5}]),
    refused("composite id with epoch", [{"id": "bitcoin-1789034400", "price": 5}, {"id": "solana-1789034400", "price": 6}]),
    refused("title names", "coin,price\nBitcoin,1\nAvalanche,2\nToncoin,3\n"),
    refused("names in id capital one", "Coin,Price\nAvalanche,2\n", key="raw/x_2026-09-10.csv"),
]

CURRENCIES = [
    read("ccy column", "id,price,ccy\nbitcoin,59000,EUR\nsolana,145.6,USD\n", {(DAY, "solana"): 145.6}),
    refused("waehrung", "id,price,Währung\nbitcoin,59000,EUR\n"),
    refused("fiat col", "id,price,fiat\nbitcoin,59000,EUR\n"),
    refused("vs col", [{"id": "bitcoin", "vs": "eur", "price": 59000}]),
    refused("unit col", "id,price,unit\nbitcoin,64.1,kUSD\n"),
    refused("unit col eur", "id,price,unit\nbitcoin,64.1,EUR\n"),
    refused("unit sats", "id,price,unit\nethereum,5400000,sats\n"),
    refused("env params eur", {"params": {"vs_currency": "eur", "per_page": "250"}, "data": [{"id": "bitcoin", "current_price": 59000}]}),
    refused("env meta eur", {"meta": {"currency": "EUR"}, "data": [{"id": "bitcoin", "current_price": 59000}]}),
    refused("env url eur", {"url": "https://api.coingecko.com/api/v3/coins/markets?vs_currency=eur&per_page=250", "data": [{"id": "bitcoin", "current_price": 59000}]}),
    read("env url usd", {"url": "https://api.coingecko.com/api/v3/coins/markets?vs_currency=usd&per_page=250", "data": [{"id": "bitcoin", "current_price": 59000}]}, {(DAY, "bitcoin"): 59000}),
    refused("env base EUR", {"base": "EUR", "data": [{"id": "bitcoin", "current_price": 59000}]}),
    refused("env unit eur", {"unit": "EUR", "data": [{"id": "bitcoin", "current_price": 59000}]}),
    refused("keyed with meta", {"meta": {"currency": "eur", "source": "x"}, "bitcoin": {"price": 59000}, "solana": {"price": 120}}),
    refused("keyed with scalars", {"currency": "eur", "bitcoin": {"price": 59000}}),
    refused("row url eur", [{"id": "bitcoin", "price": 59000, "request": "/coins/markets?vs_currency=eur"}]),
    never_wrong("price vs price_usd", [{"id": "bitcoin", "price": 59000, "price_usd": 64123.5}], {(DAY, "bitcoin"): 64123.5}),
    read("price_btc and price_usd", [{"id": "ethereum", "price_btc": 0.05, "price_usd": 3456}], {(DAY, "ethereum"): 3456}),
    refused("price_btc only", [{"id": "ethereum", "price_btc": 0.05}]),
    refused("price sats", [{"id": "ethereum", "price_sats": 5400000}]),
    refused("title EUR", "Preise in EUR\n\nid,price\nbitcoin,59000\n"),
    refused("title euro word", "All prices in Euro\n\nid,price\nbitcoin,59000\n"),
    refused("title thousands", "Crypto report (in thousands USD)\n\nid,price\nbitcoin,64.1235\n"),
    refused("title millions", "Market data,,\nAll amounts in USD millions,,\nid,price,market_cap\nbitcoin,0.0641,1270000\n"),
    never_wrong("footer eur", "id,price\nbitcoin,59000\n\nAll prices in EUR\n", {}),
    refused("usd col portfolio", "coin,amount,usd\nbitcoin,0.5,32061.75\n"),
    read("price sign mixed", "id,price\nbitcoin,€59000\nsolana,$145.6\n", {(DAY, "solana"): 145.6}),
    refused("brl", "id;price\nbitcoin;R$ 340.123,45\n"),
    refused("inr", 'id,price\nbitcoin,"₹53,21,456.50"\n'),
    refused("chf", "id;price\nbitcoin;CHF 57'123.50\n"),
    refused("usdt quote", "id,price\nbitcoin,64123.5 USDT\n"),
]

NUMBERS = [
    read("german", "id;price;market_cap;last_updated\nbitcoin;64.123,50;1.270.000.000.000;10.09.2026 14:30\nsolana;145,60;70.000.000.000;10.09.2026 14:30\n", {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6}),
    read("french", "id;price\nbitcoin;64 123,50 $\nsolana;145,60 $\n", {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6}),
    read("swiss", "id;price\nbitcoin;64'123.50\nsolana;145.60\n", {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6}),
    read("indian", 'id,price,market_cap\nbitcoin,"53,21,456.50","11,27,00,00,000"\n', {(DAY, "bitcoin"): 5321456.5}),
    read("brazil us$", "id;price\nbitcoin;US$ 64.123,45\n", {(DAY, "bitcoin"): 64123.45}),
    never_wrong("json number and comma string", [{"id": "monero", "price": 119.183}, {"id": "bitcoin", "price": "64.123,5"}], {(DAY, "bitcoin"): 64123.5, (DAY, "monero"): 119.183}),
    never_wrong("json number and comma string caps", [{"id": "monero", "price": 119.183, "market_cap": "1,5"}], {(DAY, "monero"): 119.183}),
    never_wrong("json comma other col", [{"id": "monero", "price": 3.215, "change": "1", "market_cap": "1.234,5"}], {(DAY, "monero"): 3.215}),
    refused("subscript", "id,price\npepe,$0.0₅71\n"),
    read("mrd", "id;price;market_cap\nbitcoin;64.123,50;1,27 Bio. $\n", {(DAY, "bitcoin"): 64123.5}, market_cap=None),
    read("errors", "id,price,market_cap\nbitcoin,#DIV/0!,1\nsolana,145.6,#N/A\nmonero,#N/A,#REF!\ncardano,0.5,#VALUE!\n", {(DAY, "solana"): 145.6, (DAY, "cardano"): 0.5}, market_cap=None),
    read("neg zero", "id,price\nbitcoin,-5\nsolana,0\nmonero,(5.5)\ncardano,0.5\n", {(DAY, "cardano"): 0.5}),
    refused("percent price", "id,price\nbitcoin,5%\n"),
    never_wrong("unquoted thousands with empty header tail", "id,price,market_cap,,\nbitcoin,64,123.50,1270,\nsolana,145.6,70,,\n", {(DAY, "solana"): 145.6}),
]

TIMES = [
    never_wrong("excel serial", "id,price,date\nbitcoin,5,46273.5\n", {("09-08", "bitcoin"): 5}),
    never_wrong("excel serial same", "id,price,date\nbitcoin,5,46275.5\n", {(DAY, "bitcoin"): 5}),
    refused("month only", "id,price,date\nbitcoin,5,May 2023\n", key="raw/x_2026-09-10.csv"),
    refused("quarter", "id,price,date\nbitcoin,5,Q1 2026\n", key="raw/x_2026-09-10.csv"),
    refused("week", "id,price,date\nbitcoin,5,2026-W30\n", key="raw/x_2026-09-10.csv"),
    refused("german month", "id,price,date\nbitcoin,5,8. Dezember 2025\n", key="raw/x_2026-09-10.csv"),
    never_wrong("zone name", "id,price,last_updated\nbitcoin,5,2026-09-08 22:30:00 EST\n", {("09-09", "bitcoin"): 5}, key="raw/x_2026-09-10.csv"),
    never_wrong("net date", [{"id": "bitcoin", "price": 5, "timestamp": "/Date(1788825600000)/"}], {("09-08", "bitcoin"): 5}),
    refused("future in dated", "id,price,date\nbitcoin,5,2027-01-02\n"),
    read("ampm", "id,price,date\nbitcoin,5,09/25/2026 01:05:22 PM\nsolana,5,09/10/2026 01:05:22 AM\n", {("09-25", "bitcoin"): 5, (DAY, "solana"): 5}, key=UNDATED),
    never_wrong("tz header local", "id,price,Date (GMT+8)\nbitcoin,5,2026-09-10 02:00\n", {("09-09", "bitcoin"): 5}),
    never_wrong("tz header utc", "id,price,Date (UTC)\nbitcoin,5,2026-09-10 02:00\n", {(DAY, "bitcoin"): 5}, key=UNDATED),
    never_wrong("timezone column", "id,price,timestamp,timezone\nbitcoin,5,2026-09-10 22:00,America/New_York\n", {("09-11", "bitcoin"): 5}, key=UNDATED),
    never_wrong("timezone envelope", {"timezone": "America/New_York", "data": [{"id": "bitcoin", "price": 5, "timestamp": "2026-09-10 22:00"}]}, {("09-11", "bitcoin"): 5}, key=UNDATED),
    refused("coarse other month", "coin,price,timestamp\nbitcoin,64123.5,1.79E+12\n", key="raw/x_2026-01-10.csv"),
    read("iso basic us", "id,price,timestamp\nbitcoin,5,1789034400123456\n", {(DAY, "bitcoin"): 5}, key=UNDATED),
]

TABLES = [
    refused("wide", "date,bitcoin,ethereum\n2026-09-08,64123,3456\n", key=UNDATED),
    refused("wide usd", "date,usd,eos,link\n2026-09-08,64123,3456,3\n", key=UNDATED),
    refused("pivot dates", "coin,2026-09-08,2026-09-09\nbitcoin,1,2\n"),
    refused("side by side", "id,price,,id,price\nbitcoin,1,,solana,2\n"),
    read("repeated header same", "id,price\nbitcoin,1\nid,price\nsolana,2\n", {(DAY, "bitcoin"): 1, (DAY, "solana"): 2}),
    never_wrong("second header swapped", "id,price,market_cap\nbitcoin,1,100\nid,market_cap,price\nsolana,200,2\n", {(DAY, "bitcoin"): 1}),
    read("totals", "id;price;market_cap\nbitcoin;5,5;100\nSumme;7,5;100\nGesamt;7,5;100\nMedian;3,5;1\nGrand Total;1,5;1\nDurchschnitt;4,5;1\nMax;3,5;3\n", {(DAY, "bitcoin"): 5.5}),
    read("totals lower", "id,price\nbitcoin,5\ntotal:,7\nmax,7\nmin,1\nstd,2\n25%,3\n", {(DAY, "bitcoin"): 5}),
    refused("describe", ",price\ncount,3\nmean,5\nstd,1\nmin,1\nmax,7\n"),
    read("pandas index", ",id,price\n0,bitcoin,5\n1,solana,6\n", {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    read("orient index", {"0": {"id": "bitcoin", "price": 5}}, {(DAY, "bitcoin"): 5}),
    refused("orient columns coin index", {"price": {"bitcoin": 5, "solana": 6}, "market_cap": {"bitcoin": 1, "solana": 2}}),
    refused("orient columns coin index usd", {"usd": {"bitcoin": 5, "solana": 6}}),
    read("table", {"schema": {"fields": [{"name": "id"}]}, "data": [{"index": 0, "id": "bitcoin", "price": 5}]}, {(DAY, "bitcoin"): 5}),
    never_wrong("jsonl envelopes", json.dumps({"ts": T, "data": [{"id": "bitcoin", "price": 5}]}) + "\n" + json.dumps({"ts": T, "data": [{"id": "solana", "price": 5}]}), {}),
    refused("kafka", json.dumps({"topic": "t", "partition": 0, "offset": 1, "timestamp": MS, "key": "bitcoin", "value": {"id": "bitcoin", "current_price": 5}}) + "\n" + json.dumps({"topic": "t", "partition": 0, "offset": 2, "timestamp": MS, "key": "solana", "value": {"id": "solana", "current_price": 5}}), key=UNDATED),
    read("kafka price key", json.dumps({"offset": 1, "timestamp": MS, "key": "price", "coin": "bitcoin", "price": 5}) + "\n" + json.dumps({"offset": 2, "timestamp": MS, "key": "price", "coin": "solana", "price": 5}), {(DAY, "bitcoin"): 5, (DAY, "solana"): 5}, key=UNDATED),
    refused("bytes of avro", b"Obj\x01\x04abc"),
    refused("bytes of parquet", b"PAR1\x15"),
    refused("bytes of arrow", b"ARROW1\x00\x00\xff"),
    refused("bytes of pickle", b"\x80\x04\x95\x10"),
    refused("bytes of npy", b"\x93NUMPY\x01\x00"),
    refused("bytes of xls", b"\xd0\xcf\x11\xe0"),
    refused("bytes of hdf5", b"\x89HDF\r\n\x1a\n"),
    refused("bytes of zst", b"(\xb5/\xfd1"),
    refused("bytes of bz", b"BZh91"),
    never_wrong("zip", zipped(), {(DAY, "bitcoin"): 5}),
    never_wrong("md table", "| id | price |\n|----|-------|\n| bitcoin | 5.5 |\n", {(DAY, "bitcoin"): 5.5}),
    never_wrong("psql", "   id    | price \n---------+-------\n bitcoin |   5.5\n(1 row)\n", {(DAY, "bitcoin"): 5.5}),
    refused("rtable", '"id","price"\n"1","bitcoin",5.5\n"2","solana",6\n'),
    refused("flat id->price", {"bitcoin": 64123.5, "solana": 145.6}),
    refused("monthly period", "id,month,price\nbitcoin,2026-05,5\n", key="raw/x_2026-09-10.csv"),
    refused("quarter col", "id,quarter,price\nbitcoin,2026Q1,5\n", key="raw/x_2026-09-10.csv"),
    never_wrong("snapshot stale row with run date", [{"id": "bitcoin", "price": 5, "date": "2026-09-10", "last_updated": "2026-09-09T23:58:00Z"}], {(DAY, "bitcoin"): 5, ("09-09", "bitcoin"): 5}, key=UNDATED),
    read("dup conflict", "id,price\nbitcoin,5\nbitcoin,6\nsolana,7\n", {(DAY, "solana"): 7}),
    read("dup same", "id,price\nbitcoin,5\nbitcoin,5\n", {(DAY, "bitcoin"): 5}),
    read("dup diff currency rows", "id,vs_currency,price\nbitcoin,usd,5\nbitcoin,eur,4\n", {(DAY, "bitcoin"): 5}),
    never_wrong("predicted rows", "id,price,is_forecast\nbitcoin,5,true\n", {(DAY, "bitcoin"): 5}),
]

MORE = [
    read("env unit day", {"unit": "day", "data": [{"id": "bitcoin", "current_price": 5}]}, {(DAY, "bitcoin"): 5}),
    read("Price (US$)", "Coin,Price (US$),Market Cap (US$)\nbitcoin,5,7\n", {(DAY, "bitcoin"): 5}, market_cap=7),
    refused("Price (A$)", "Coin,Price (A$)\nbitcoin,5\n"),
    read("weekly candles", WEEKS, {(DAY, "bitcoin"): 5, ("09-03", "bitcoin"): 5, ("08-27", "bitcoin"): 5}, key=UNDATED, high_24h=None, low_24h=None),
    read("daily candles gap", "coin,date,open,high,low,close\nbitcoin,2026-09-10,1,9,1,5\nbitcoin,2026-09-09,1,9,1,5\nbitcoin,2026-09-01,1,9,1,5\n", {(DAY, "bitcoin"): 5, ("09-09", "bitcoin"): 5, ("09-01", "bitcoin"): 5}, key=UNDATED, high_24h=9),
    refused("jsonl meta first", json.dumps({"type": "meta", "currency": "eur"}) + "\n" + json.dumps({"id": "bitcoin", "price": 59000})),
    refused("array meta last", [{"id": "bitcoin", "price": 59000}, {"vs_currency": "eur", "count": 1}]),
    refused("row nested params", [{"id": "bitcoin", "price": 59000, "params": {"vs_currency": "eur"}}]),
    refused("perp", [{"id": "BTC-PERP", "price": 1}, {"id": "ETH-PERP", "price": 1}]),
    refused("perp2", [{"id": "BTCUSDT_PERP", "price": 1}]),
    refused("bitfinex", [{"id": "tBTCUSD", "price": 1}, {"id": "tETHUSD", "price": 1}]),
    refused("lower pairs", [{"id": "btcusdt", "price": 1}, {"id": "pepeusdt", "price": 1}]),
    never_wrong("two lists", {"data": [{"id": "bitcoin", "price": 5}], "losers": [{"id": "solana", "price": 6}]}, {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    read("data and included", {"data": [{"id": "bitcoin", "price": 5}], "included": [{"id": "x", "type": "y"}]}, {(DAY, "bitcoin"): 5}),
    never_wrong("dict of lists", {"id": ["bitcoin", "solana"], "price": [5, 6]}, {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    never_wrong("fields+data", {"fields": ["id", "price"], "data": [["bitcoin", 5]]}, {(DAY, "bitcoin"): 5}),
    read("scraped", 'coin_id,Rank,Price,24h,24h Volume,Market Cap\nbitcoin,1,"$64,123.50",1.2%,"$30,000,000,000","$1,270,000,000,000"\n', {(DAY, "bitcoin"): 64123.5}, market_cap=1.27e12, total_volume=3e10),
    read("adj close", "coin,Date,Open,High,Low,Adj Close,Close,Volume\nbitcoin,2026-09-08,1,2,3,4,5,6\n", {("09-08", "bitcoin"): 5}, key=UNDATED, total_volume=None),
    read("price ago", "coin,price_24h_ago,price\nbitcoin,4,5\n", {(DAY, "bitcoin"): 5}),
    refused("prev price only", "coin,price_24h_ago\nbitcoin,4\n"),
    read("bom sep", "\ufeffsep=;\nid;price\nbitcoin;5,5\n", {(DAY, "bitcoin"): 5.5}),
    read("units row", "id,price,market_cap\n,USD,USD\nbitcoin,5,7\n", {(DAY, "bitcoin"): 5}),
    refused("units row eur", "id,price,market_cap\n,EUR,EUR\nbitcoin,5,7\n"),
    never_wrong("units row mn", "id,price,market_cap\n,USD,USD mn\nbitcoin,5,7\n", {(DAY, "bitcoin"): 5}, market_cap=None),
    never_wrong("units row thousand", "id,price\n,kUSD\nbitcoin,5\n", {}),
    read("market_cap header mn", "id,price,Market Cap (mn USD)\nbitcoin,5,7\n", {(DAY, "bitcoin"): 5}, market_cap=None),
    refused("price header k", "id,Price (k USD)\nbitcoin,5\n"),
    read("bigquery", json.dumps({"id": "bitcoin", "price": "64123.5", "timestamp": "2026-09-10 10:00:00 UTC"}) + "\n" + json.dumps({"id": "solana", "price": "145.6", "timestamp": "2026-09-10 10:00:00.123 UTC"}), {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6}, key=UNDATED),
    never_wrong("oracle", "id,price,last_updated\nbitcoin,5,08-SEP-26 10.00.00.000000 AM\n", {("09-08", "bitcoin"): 5}),
    never_wrong("sqlserver", "id,price,last_updated\nbitcoin,5,Sep  8 2026 10:00AM\n", {("09-08", "bitcoin"): 5}, key=UNDATED),
    read("pg", "id\tprice\tlast_updated\nbitcoin\t5\t2026-09-08 10:00:00.123456+00\n\\N\t\\N\t\\N\n", {("09-08", "bitcoin"): 5}, key=UNDATED),
    read("logging comma", "id;price;last_updated\nbitcoin;5;2026-09-08 10:00:00,123\n", {("09-08", "bitcoin"): 5}, key=UNDATED),
    read("airbyte", "_airbyte_raw_id,_airbyte_extracted_at,id,current_price,last_updated\n9f1c7f9e-0d1a-4a52-8a4e-3c1f1f1f0001,2026-09-12T00:00:00Z,bitcoin,5,2026-09-10T10:00:00Z\n", {(DAY, "bitcoin"): 5}, key=UNDATED),
    read(
        "kaggle hist daily id",
        "SNo,coin_id,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap\n1,bitcoin,Bitcoin,BTC,2026-09-08 23:59:59,147,134,144,144.5,0,1603768864\n2,bitcoin,Bitcoin,BTC,2026-09-09 23:59:59,147,134,144,145.5,0,1603768865\n",
        {("09-08", "bitcoin"): 144.5, ("09-09", "bitcoin"): 145.5},
        key=UNDATED,
        high_24h=147,
    ),
    refused("same price cols conflict", "id,price,Price\nbitcoin,5,6\n"),
    never_wrong("price and last", [{"id": "bitcoin", "price": 5, "last": 5.01}], {(DAY, "bitcoin"): 5}),
    read("stringly null price", "id,price\nbitcoin,null\nsolana,5\n", {(DAY, "solana"): 5}),
    read("trailing totals row no id", "id;price;market_cap\nbitcoin;5,5;100\n;;100\n", {(DAY, "bitcoin"): 5.5}),
    refused("whole page of html", "<!doctype html><table><tr><td>bitcoin</td></tr></table>"),
    refused("yaml", "- id: bitcoin\n  price: 5\n"),
    refused("fixed width", "     id    price\n0 bitcoin 64123.5\n"),
    refused("sql insert", "INSERT INTO coins (id, price) VALUES ('bitcoin', 64123.5);\n"),
    refused("python repr", "[{'id': 'bitcoin', 'price': 5}]"),
    refused("jsonp", 'cb([{"id": "bitcoin", "price": 5}])'),
    read("gz concatenated", gzip.compress(b"id,price\nbitcoin,5\n") + gzip.compress(b"solana,6\n"), {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    refused("ticker-name col", "id,coin\nbitcoin,5\n"),
    refused("epoch hours", "id,price,timestamp\nbitcoin,5,496954\n"),
    read("sparse name", "id,price,as_of\nbitcoin,5,2026-09-08\nsolana,6,\n", {("09-08", "bitcoin"): 5, (DAY, "solana"): 6}),
    refused("currency btc rows", "id,price,currency\nethereum,0.05,BTC\n"),
    read("xrp", "id,price\nripple,2\nxrp,2\n", {(DAY, "ripple"): 2}),
    refused("price list of eur cents", 'id,price\nbitcoin,"5900000 ct"\n'),
    read("col of country codes", "id,price,country\nbitcoin,5,US\nsolana,6,JP\n", {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    read("category words", "id,price,category\nbitcoin,5,layer-1\nsolana,6,smart-link\n", {(DAY, "bitcoin"): 5, (DAY, "solana"): 6}),
    read("roi currency flat", "id,price,roi_currency\nethereum,5,btc\nsolana,6,usd\n", {(DAY, "ethereum"): 5, (DAY, "solana"): 6}),
    read("roi eur flat", "id,price,roi.currency\nethereum,5,eur\n", {(DAY, "ethereum"): 5}),
    read("web slug", [{"id": "wrapped-steth", "web_slug": "wrapped-eth", "price": 5}], {(DAY, "wrapped-steth"): 5}),
    refused("price in mBTC", "id,Price (mBTC)\nethereum,50\n"),
    never_wrong("leading zero day col", "coin,month,price\nbitcoin,9,5\n", {(DAY, "bitcoin"): 5}),
    read("first_seen time", "id,price,first_seen_date\nbitcoin,5,2026-01-01\n", {(DAY, "bitcoin"): 5}),
    never_wrong("last trade time contradict", "id,price,last_trade_time\nbitcoin,5,2026-09-08T10:00:00Z\n", {("09-08", "bitcoin"): 5}),
    read("last_updated ok & other time col", "id,price,last_updated,processing_time\nbitcoin,5,2026-09-10T10:00:00Z,2026-09-12T10:00:00Z\n", {(DAY, "bitcoin"): 5}),
    read("date later than last_updated by export", "id,price,last_updated,date\nbitcoin,5,2026-09-10T10:00:00Z,2026-09-10\n", {(DAY, "bitcoin"): 5}),
    never_wrong("offset local day", "id,price,timestamp,date\nbitcoin,5,2026-09-10T02:00:00+05:30,2026-09-10\n", {("09-09", "bitcoin"): 5}, key=UNDATED),
]

STILL_MORE = [
    read("tether asset", [{"id": "tether", "asset": "USDT", "price": 1}], {(DAY, "tether"): 1}),
    read("period 24h", "id,price,period\nbitcoin,5,24h\n", {(DAY, "bitcoin"): 5}),
    read("hive partition columns", "id,price,year,month\nbitcoin,5,2026,09\n", {(DAY, "bitcoin"): 5}),
    read("hive partition columns 3", "id,price,year,month,day\nbitcoin,5,2026,09,08\n", {("09-08", "bitcoin"): 5}, key=UNDATED),
    refused("hive other month", "id,price,year,month\nbitcoin,5,2026,08\n"),
    read("quarter same", "id,price,quarter\nbitcoin,5,2026Q3\n", {(DAY, "bitcoin"): 5}),
    read("weekday", "id,price,day\nbitcoin,5,Thursday\n", {(DAY, "bitcoin"): 5}),
    read("day number", "id,price,day\nbitcoin,5,10\n", {(DAY, "bitcoin"): 5}),
    refused("day number other", "id,price,day\nbitcoin,5,8\n"),
    read("parts and last_updated", "id,price,last_updated,year,month,day\nbitcoin,5,2026-09-10T10:00:00Z,2026,9,10\n", {(DAY, "bitcoin"): 5}, key=UNDATED),
    never_wrong("parts contradict last_updated", "id,price,last_updated,year,month,day\nbitcoin,5,2026-09-15T10:00:00Z,2026,9,10\n", {(DAY, "bitcoin"): 5}, key=UNDATED),
    read("name usd in eur file ok", [{"id": "bitcoin", "current_price": 5}], {(DAY, "bitcoin"): 5}, key="raw/coingecko_usd_2026-09-10.json"),
    refused("btcusdt in name", [{"id": "bitcoin", "close": 5}], key="raw/BTCUSDT_2026-09-10.json"),
    read("name stocks", [{"id": "bitcoin", "current_price": 5}], {(DAY, "bitcoin"): 5}, key="raw/all_coins_try_2026-09-10.json"),
    read("upper with dash", [{"id": "BITCOIN-CASH", "price": 5}, {"id": "USD-COIN", "price": 1}], {(DAY, "bitcoin-cash"): 5, (DAY, "usd-coin"): 1}),
    read("language nested", {"meta": {"lang": "en", "version": "v3"}, "data": [{"id": "bitcoin", "price": 5}]}, {(DAY, "bitcoin"): 5}),
    read("status ok env", {"status": {"error_code": 0, "error_message": None, "credit_count": 1}, "data": [{"coin_id": "bitcoin", "price": 5}]}, {(DAY, "bitcoin"): 5}),
    read("source url usd", {"source": "https://api.coingecko.com/api/v3/simple/price?ids=bitcoin&vs_currencies=usd", "data": [{"id": "bitcoin", "price": 5}]}, {(DAY, "bitcoin"): 5}),
    refused("source url eur", {"source": "https://api.coingecko.com/api/v3/simple/price?ids=bitcoin&vs_currencies=eur", "data": [{"id": "bitcoin", "price": 5}]}),
    read("source url usd,eur", {"source": "https://x/simple/price?ids=bitcoin&vs_currencies=usd%2Ceur", "data": [{"id": "bitcoin", "usd": 5, "eur": 4}]}, {(DAY, "bitcoin"): 5}),
    refused("prices of several days in columns", "coin,price_2026_09_08,price_2026_09_09\nbitcoin,1,2\n"),
    read("portfolio w price", "coin,amount,price,value_usd\nbitcoin,0.5,64123.5,32061.75\n", {(DAY, "bitcoin"): 64123.5}),
    read("orders", "date,COIN,side,amount,price,fee\n2026-09-10 10:00:00,bitcoin,buy,0.5,64123.5,1\n", {(DAY, "bitcoin"): 64123.5}, key=UNDATED),
    read("total in usd", "coin,quantity,total_usd,price_usd\nbitcoin,0.5,32061.75,64123.5\n", {(DAY, "bitcoin"): 64123.5}),
    refused("avg buy price", "coin,quantity,avg_price\nbitcoin,0.5,60000\n"),
    read("open close only day", "coin,date,open,close\nbitcoin,2026-09-10,1,2\n", {(DAY, "bitcoin"): 2}, key=UNDATED),
    read("hourly 4h candles openclose", "coin,open_time,close_time,open,high,low,close\nbitcoin,2026-09-10 20:00,2026-09-11 00:00,1,9,1,5\nbitcoin,2026-09-10 16:00,2026-09-10 20:00,1,8,1,4\n", {(DAY, "bitcoin"): 5}, key=UNDATED, high_24h=None),
    never_wrong("close_time only midnight", "coin,close_time,open,high,low,close\nbitcoin,2026-09-11 00:00,1,9,1,5\n", {(DAY, "bitcoin"): 5}, key=UNDATED),
    read("daily candle timed 16:00 (stock close)", "coin,date,open,high,low,close\nbitcoin,2026-09-10 16:00:00,1,9,1,5\n", {(DAY, "bitcoin"): 5}, key=UNDATED, high_24h=None),
    refused("jan first epoch days", "id,price,date\nbitcoin,5,20706\n"),
    read("dup header names agree", "id,price,price\nbitcoin,5,5\n", {(DAY, "bitcoin"): 5}),
    read("json number big exp", '[{"id":"bitcoin","price":6.41235e4}]', {(DAY, "bitcoin"): 64123.5}),
    never_wrong("json str dot thousand all", [{"id": "bitcoin", "price": "64.123"}, {"id": "solana", "price": "145,6"}], {(DAY, "bitcoin"): 64123, (DAY, "solana"): 145.6}),
    never_wrong("csv comma german thousands quoted", 'id,price\nbitcoin,"64.123,5"\nsolana,"145,6"\nmonero,"1.190"\n', {(DAY, "bitcoin"): 64123.5, (DAY, "solana"): 145.6, (DAY, "monero"): 1190}),
    never_wrong("csv comma quoted decimals", 'id,price,market_cap\nbitcoin,"64123,5","1270,5"\nmonero,"119,183","2,5"\n', {(DAY, "bitcoin"): 64123.5, (DAY, "monero"): 119.183}),
    read("percent comma shows", "id;price;price_change_percentage_24h\nmonero;119,183;-1,25\n", {(DAY, "monero"): 119.183}),
    never_wrong("price with trailing zeros group", 'id,price\nmonero,"1,190"\n', {(DAY, "monero"): 1190}),
    read("mixed thousands no decimals", 'id,price\nbitcoin,"64,123"\nethereum,"3,456"\ncardano,0.49\n', {(DAY, "bitcoin"): 64123, (DAY, "ethereum"): 3456, (DAY, "cardano"): 0.49}),
    read("json thousands strings", [{"id": "bitcoin", "price": "64,123"}, {"id": "cardano", "price": "0.49"}], {(DAY, "bitcoin"): 64123, (DAY, "cardano"): 0.49}),
    read("tab german three decimals", "id\tprice\nmonero\t119,183\ncardano\t0,49\n", {(DAY, "monero"): 119.183, (DAY, "cardano"): 0.49}),
]

# fmt: on
ALL = [*COINGECKO, *OTHER_SOURCES, *DATABASES, *CURRENCIES, *NUMBERS, *TIMES, *TABLES, *MORE, *STILL_MORE]


@pytest.mark.parametrize(
    "dropped",
    [pytest.param(dropped, id=dropped.name) for dropped in ALL],
)
def test_a_file_gives_its_rows_or_is_refused(dropped: Dropped) -> None:
    found = cleaned(dropped)
    if isinstance(found, UnusableFileError):
        assert not dropped.must_be_read, found
        assert dropped.key in str(found)
        return
    prices = {at: row["current_price"] for at, row in found.items()}
    assert prices == dropped.rows if dropped.must_be_read else prices.items() <= dropped.rows.items()
    for row in found.values():
        for column, value in dropped.columns.items():
            assert row[column] in (value, None), column


def test_columns_that_a_file_shows_are_filled() -> None:
    """Else null would do for all of them."""
    filled = 0
    for dropped in ALL:
        wanted = {(name, value) for name, value in dropped.columns.items() if value is not None}
        if dropped.must_be_read and wanted:
            found = cleaned(dropped)
            assert isinstance(found, dict)
            missing = wanted - {item for row in found.values() for item in row.items()}
            assert not missing, (dropped.name, missing)
            filled += 1
    assert filled >= 10
