// How values read: numbers, amounts, dates and ages. Every number is rounded here, once, by Intl.

import { el } from "./dom.js";

export const LOCALE = "en";
export const NONE = "–";
export const DAY = 86_400_000; // milliseconds

/** @typedef {number | null} Value What is not known is null. */
/** @typedef {(value: Value) => string} Format */
/** @typedef {(value: Value, step?: number) => string} ScaledFormat With the step of the scale beside it. */

/**
 * Formats numbers; null becomes a dash, and a minus looks like one.
 * @param {Intl.NumberFormatOptions} options
 * @returns {Format}
 */
const formatter = (options) => {
  const format = new Intl.NumberFormat(LOCALE, options);
  return (value) => (value === null ? NONE : format.format(value).replace("-", "−"));
};
/** @param {number} digits */
const exactly = (digits) => ({ minimumFractionDigits: digits, maximumFractionDigits: digits });

export const percent = formatter({ style: "unit", unit: "percent", signDisplay: "exceptZero", ...exactly(2) });
export const unsigned = formatter({ style: "unit", unit: "percent", ...exactly(2) });
export const whole = formatter({ maximumFractionDigits: 0 });
export const compact = formatter({ notation: "compact", maximumFractionDigits: 2 });
const signed = formatter({ signDisplay: "exceptZero", ...exactly(2) });
const inWords = formatter({ notation: "compact", compactDisplay: "long", ...exactly(2) });

/** @type {Format} */
export const points = (value) => (value === null ? NONE : `${signed(value)} pp`);

/**
 * The fewest decimals in which the step of a scale is exact: its labels then differ.
 * @param {number} step
 */
const decimals = (step) =>
  [...Array(16).keys()].find((digits) => Math.abs(Number(step.toFixed(digits)) - step) < step / 1000) ?? 16;

/**
 * Formats numbers with the decimals that a call asks for.
 * @param {Intl.NumberFormatOptions} options
 * @param {(options: Intl.NumberFormatOptions) => Format} [make]
 * @returns {(value: Value, digits: number) => string}
 */
const withDecimals = (options, make = formatter) => {
  /** @type {Format[]} */
  const made = [];
  return (value, digits) => (made[digits] ??= make({ ...options, ...exactly(digits) }))(value);
};

// A value beside a scale is read with one decimal more than the scale's step has.
const percentage = withDecimals({ style: "unit", unit: "percent" });
/** @type {ScaledFormat} */
export const share = (value, step = 1) => percentage(value, Math.max(1, decimals(step) + 1));
/** @type {(value: number, step: number) => string} */
export const shareTick = (value, step) => percentage(value, decimals(step));

/**
 * Formats moments, in UTC.
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {Format}
 */
const date = (options) => {
  const format = new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", ...options });
  return (time) => (time === null ? NONE : format.format(time));
};
export const longDate = date({ dateStyle: "long" });
export const fullDate = date({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
export const dayOnly = date({ month: "long", day: "numeric" });
export const dayAndMonth = date({ month: "short", day: "numeric" });
export const mediumDate = date({ dateStyle: "medium" });
export const monthAndYear = date({ month: "short", year: "numeric" });
export const exactMoment = date({ dateStyle: "long", timeStyle: "short" });

/**
 * @typedef {object} Money Formats amounts of a currency: prices with the digits they need, totals short or in words.
 * @property {ScaledFormat} price
 * @property {ScaledFormat} short
 * @property {(value: number, step: number) => string} tick
 * @property {(value: number) => string} words
 */

/**
 * Makes formats of amounts of a currency.
 * @param {string} currency
 * @returns {(options: Intl.NumberFormatOptions) => Format}
 */
const amountsOf = (currency) => (options) => {
  try {
    return formatter({ style: "currency", currency, currencyDisplay: "narrowSymbol", ...options });
  } catch {
    // CoinGecko also knows currencies with no code of three letters (sats, bits).
    const plain = formatter(options);
    return (value) => (value === null ? NONE : `${plain(value)} ${currency}`);
  }
};

/**
 * What a short amount counts: ones, thousands … trillions.
 * @param {number} value
 */
const unit = (value) => 1000 ** Math.min(4, Math.max(0, Math.floor(Math.log10(Math.abs(value)) / 3)));

/**
 * @param {string} currency
 * @returns {Money}
 */
export const money = (currency) => {
  const amount = amountsOf(currency.toUpperCase());
  const large = amount({ maximumFractionDigits: 0 });
  const usual = amount(exactly(2));
  const tiny = amount({ minimumSignificantDigits: 3, maximumSignificantDigits: 4 });
  const exact = withDecimals({}, amount);
  const compacted = withDecimals({ notation: "compact" }, amount);
  return {
    price: (value, step = 1) => {
      const digits = decimals(step) + 1;
      if (value === null) return NONE;
      if (value > 0 && digits > Math.max(2, 3 - Math.floor(Math.log10(value)))) return exact(value, digits);
      return (value >= 100_000 ? large : value >= 1 ? usual : tiny)(value);
    },
    short: (value, step) => {
      if (!value) return compacted(value, 2);
      return compacted(value, Math.max(2, decimals((step ?? unit(value)) / unit(value)) + 1));
    },
    tick: (value, step) => compacted(value, decimals(step / (value ? unit(value) : 1))),
    // Intl has no long form for currencies: a long number in the place of a short one.
    words: (value) => large(1).replace("1", inWords(value)),
  };
};

/** @param {number} milliseconds */
export const age = (milliseconds) => {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always" });
  if (minutes < 1) return "just now";
  if (minutes < 90) return relative.format(-minutes, "minute");
  if (minutes < 48 * 60) return relative.format(-Math.round(minutes / 60), "hour");
  return relative.format(-Math.round(minutes / 1440), "day");
};

/**
 * What is 0.00 when shown has no direction.
 * @param {Value} value
 */
export const direction = (value) =>
  value === null || Math.abs(value) < 0.005 ? "flat" : value > 0 ? "up" : "down";

/**
 * A change in percent: sign, color and arrow say the same.
 * @param {Value} value
 * @param {Format} [format]
 */
export const change = (value, format = percent) => el("span", { class: `change ${direction(value)}` }, format(value));
