// The data files, which the daily DAG writes.
//
// The contracts are include/schemas/*.schema.json, but the page trusts none of it: a file may be missing,
// broken or of another day, a field may be null, a name is other people's input.

import { DAY } from "./format.js";

/** @typedef {import("./format.js").Value} Value */
/** @typedef {{time: number, value: number}} Point A day of a series. */
/** @typedef {Point & {id: string, rank: Value}} Price A coin's price of a day. */
/**
 * @typedef {object} MarketDay
 * @property {number} time
 * @property {number} cap
 * @property {Value} volume
 * @property {Value} btc
 * @property {Value} eth
 * @property {Value} median
 * @property {Value} ranked
 * @property {Value} gainers
 * @property {Value} losers
 */
/**
 * @typedef {object} ListedCoin
 * @property {string} id
 * @property {number} price
 * @property {Value} rank
 * @property {string} name
 * @property {string} symbol
 * @property {unknown} image
 * @property {Value} day The change over 24 hours, in percent.
 * @property {Value} cap
 * @property {Value} share
 * @property {Value} volume
 * @property {Value} high
 * @property {Value} low
 * @property {Value} circulating
 * @property {Value} total
 * @property {Value} max
 * @property {Value} ath
 * @property {Value} athChange
 * @property {Value} athDate
 * @property {Value} updated
 */
/**
 * @typedef {object} Trend What a coin's history says of the day that the coin is of.
 * @property {Price[]} series
 * @property {Price[]} month
 * @property {number} climbed
 * @property {Value} week
 * @property {Value} trend
 */
/** @typedef {ListedCoin & Trend} Coin */
/**
 * @template Row
 * @typedef {object} DataFile
 * @property {string} what What it holds, as a visitor calls it.
 * @property {number} asOf
 * @property {Value} generatedAt
 * @property {string} source
 * @property {string} currency
 * @property {any} attribution
 * @property {Value} updated The newest moment that a row names as its own.
 * @property {Row[]} rows Oldest first.
 */

const PATIENCE = 8_000; // milliseconds until a file counts as missing

/** @param {unknown} value */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
/** @param {unknown} value */
const text = (value, otherwise = "") => (typeof value === "string" && value.trim() ? value.trim() : otherwise);
/**
 * Milliseconds of a date or a moment, null if it is neither.
 * @param {unknown} value
 */
const moment = (value) => {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? null : time;
};

/** @param {Value | undefined} now @param {Value | undefined} before */
export const difference = (now, before) => ((now ?? null) === null || (before ?? null) === null ? null : Number(now) - Number(before));
/** @param {Value | undefined} now @param {Value | undefined} before */
export const percentChange = (now, before) => ((now ?? null) === null || !before ? null : (Number(now) / before - 1) * 100);

// Each kind of row as the page uses it; null where what it cannot do without is missing.

/** @param {any} row @returns {ListedCoin | null} */
const coinOf = (row) => {
  const [id, price] = [text(row.coin_id), number(row.current_price)];
  if (!id || price === null) return null;
  return {
    id,
    price,
    rank: number(row.rank),
    name: text(row.name, id),
    symbol: text(row.symbol).toUpperCase(),
    image: row.image,
    day: number(row.price_change_percentage_24h),
    cap: number(row.market_cap),
    share: number(row.market_share_pct),
    volume: number(row.total_volume),
    high: number(row.high_24h),
    low: number(row.low_24h),
    circulating: number(row.circulating_supply),
    total: number(row.total_supply),
    max: number(row.max_supply),
    ath: number(row.ath),
    athChange: number(row.ath_change_percentage),
    athDate: moment(row.ath_date),
    updated: moment(row.last_updated),
  };
};

/** @param {any} row @returns {MarketDay | null} */
const marketDayOf = (row) => {
  const [time, cap] = [moment(row.dt), number(row.total_market_cap)];
  if (time === null || cap === null) return null;
  return {
    time,
    cap,
    volume: number(row.total_volume),
    btc: number(row.btc_dominance_pct),
    eth: number(row.eth_dominance_pct),
    median: number(row.median_change_24h_pct),
    ranked: number(row.ranked) ?? number(row.coins),
    gainers: number(row.gainers),
    losers: number(row.losers),
  };
};

/** @param {any} row @returns {Price | null} */
const priceOf = (row) => {
  const [id, time, value] = [text(row.coin_id), moment(row.dt), number(row.current_price)];
  return id && time !== null && value !== null ? { id, time, value, rank: number(row.rank) } : null;
};

/** @typedef {Omit<DataFile<unknown>, "rows">} AnyFile What all files say of themselves. */

/** What each file holds: the member with its rows, how a row is read, and what a visitor calls them. */
const FILES = {
  top10_cryptos: { rows: "coins", of: coinOf, what: "ten coins" },
  market_history: { rows: "days", of: marketDayOf, what: "market’s totals" },
  coin_history: { rows: "prices", of: priceOf, what: "price histories" },
};

/**
 * A file's content, decoded. Throws an error whose message a visitor can read.
 * @param {string} what
 * @param {string} path
 * @param {RequestCache} cache
 */
const fetchJson = async (what, path, cache) => {
  let answer;
  try {
    answer = await fetch(path, { cache, signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Error(`The ${what} could not be fetched: ${path} did not answer.`);
  }
  if (!answer.ok) throw new Error(`The ${what} are missing: ${path} is not there (${answer.status}).`);
  return answer.json().catch(() => null);
};

/**
 * One data file: its rows, oldest first, and where and when they are from.
 * @template {keyof typeof FILES} Name
 * @param {Name} name
 * @param {RequestCache} [cache]
 * @returns {Promise<DataFile<NonNullable<ReturnType<typeof FILES[Name]["of"]>>>>}
 */
export const load = async (name, cache = "default") => {
  const { rows, of, what } = FILES[name];
  const path = `data/${name}.json`;
  const content = await fetchJson(what, path, cache);
  const asOf = moment(content?.as_of);
  /** @type {any[]} */
  const usable = Array.isArray(content?.[rows]) ? content[rows].map((/** @type {any} */ row) => row && of(row)).filter(Boolean) : [];
  if (usable.length === 0 || asOf === null) throw new Error(`The ${what} cannot be read: ${path} is broken.`);
  usable.sort((a, b) => a.time - b.time || 0); // coins have no time and stay as they are
  return {
    what,
    // Figures are of the day that they bear, whatever the file promises.
    asOf: usable.at(-1).time ?? asOf,
    generatedAt: moment(content.generated_at),
    source: text(content.source),
    currency: text(content.currency, "usd"),
    attribution: content.attribution,
    updated: Math.max(0, ...usable.map((row) => row.updated ?? 0)) || null,
    rows: usable,
  };
};

/**
 * What lies exactly a number of days before the last day of a series; null if that day is missing.
 * @template {{time: number}} T
 * @param {T[]} series
 * @param {number} count
 */
export const daysBefore = (series, count) => {
  const last = series.at(-1);
  return (last && series.find((day) => day.time === last.time - count * DAY)) ?? null;
};

/**
 * The coins with what their histories say of the day that they are of.
 * @param {ListedCoin[]} coins
 * @param {Price[]} prices
 * @param {number} asOf
 * @returns {Coin[]}
 */
export const withHistories = (coins, prices, asOf) =>
  coins.map((coin) => {
    const series = prices.filter((day) => day.id === coin.id && day.time <= asOf);
    const today = series.at(-1)?.time === asOf ? series.at(-1) : null;
    const before = (/** @type {number} */ count) => (today ? daysBefore(series, count) : null);
    const yesterday = before(1);
    return {
      ...coin,
      series,
      month: series.filter((day) => day.time >= asOf - 30 * DAY),
      climbed: yesterday?.rank && today?.rank ? yesterday.rank - today.rank : 0,
      week: percentChange(today?.value, before(7)?.value),
      trend: percentChange(today?.value, before(30)?.value),
    };
  });
