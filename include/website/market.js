// The whole market: four figures, one of them drawn, and a sentence on the day.

import { Chart, lastDays, offerPeriods, periods } from "./chart.js";
import { daysBefore, difference, percentChange } from "./data.js";
import { $, choices, el } from "./dom.js";
import { change, dayOnly, money, percent, points, share, shareTick, unsigned, whole } from "./format.js";

/** @typedef {import("./data.js").MarketDay} MarketDay */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {{today: MarketDay, change: import("./format.js").Value, amounts: import("./format.js").Money}} Totals */

/**
 * @typedef {object} Metric
 * @property {"cap" | "volume" | "btc" | "eth"} key
 * @property {string} label
 * @property {boolean} [amount] Whether it is one of money; else it is a share.
 */
/** @type {Metric[]} */
const METRICS = [
  { key: "cap", label: "Market capitalization", amount: true },
  { key: "volume", label: "Volume, 24 h", amount: true },
  { key: "btc", label: "Bitcoin dominance" },
  { key: "eth", label: "Ether dominance" },
];
const PERIODS = [
  { value: 30, label: "30 days" },
  { value: 90, label: "90 days" },
  { value: 365, label: "1 year" },
];

/**
 * @param {Metric} metric
 * @param {MarketDay} today
 * @param {MarketDay | null} yesterday
 * @param {import("./format.js").Money} amounts
 */
const tile = ({ key, label, amount }, today, yesterday, amounts) => {
  const moved = amount ? percentChange(today[key], yesterday?.[key]) : difference(today[key], yesterday?.[key]);
  return el(
    "span",
    { class: "metric" },
    el("span", { class: "metric-name" }, label),
    el("span", { class: "metric-value" }, (amount ? amounts.short : share)(today[key])),
    yesterday
      ? el("span", { class: "metric-change" }, change(moved, amount ? percent : points), el("span", { class: "sr" }, " since the day before"))
      : el("span", { class: "metric-change muted" }, "no day before"),
  );
};

/**
 * Shows the figures and the chart, and gives what the headline is made of.
 * @param {import("./data.js").DataFile<MarketDay>} market
 * @returns {Totals}
 */
export const showMarket = ({ rows: days, currency }) => {
  const [today, yesterday] = [days[days.length - 1], daysBefore(days, 1)];
  const amounts = money(currency);
  const chart = new Chart($("market-chart"));
  const lengths = periods(days, PERIODS);
  let metric = METRICS[0];
  let period = lengths[lengths.length - 1].value;

  const draw = () => {
    const series = days.flatMap(({ time, [metric.key]: value }) => (value === null ? [] : [{ time, value }]));
    const formats = metric.amount ? { format: amounts.short, tick: amounts.tick } : { format: share, tick: shareTick };
    chart.show(lastDays(series, period), { name: metric.label, ...formats });
  };
  const tiles = METRICS.map((known) => ({ value: known.key, label: tile(known, today, yesterday, amounts) }));
  choices($("metrics"), "metric", tiles, metric.key, (key) => {
    metric = METRICS.find((known) => known.key === key) ?? METRICS[0];
    draw();
  });
  offerPeriods(chart, "market-period", lengths, period, (value) => {
    period = value;
    draw();
  });
  return { today, change: percentChange(today.cap, yesterday?.cap), amounts };
};

/**
 * What the market did; of another day than the page's it names that day.
 * @param {Totals} totals
 * @param {number} edition
 */
export const headline = ({ today, change: moved, amounts }, edition) => {
  const worth = amounts.words(today.cap);
  const market = today.time === edition ? "The crypto market" : `On ${dayOnly(today.time)} the crypto market`;
  if (moved === null) return `${market} ${today.time === edition ? "is" : "was"} worth ${worth}.`;
  if (Math.abs(moved) < 0.25) return `${market} held steady at ${worth}.`;
  return `${market} ${moved > 0 ? "rose" : "fell"} ${unsigned(Math.abs(moved))} to ${worth}.`;
};

/**
 * How many coins gained and lost, and which of the ten largest did best and worst.
 * @param {MarketDay | undefined} today
 * @param {import("./data.js").Coin[]} coins
 * @param {number} edition
 */
export const summary = (today, coins, edition) => {
  /** @type {Child[]} */
  const parts = [];
  if (today && today.ranked !== null && today.gainers !== null && today.losers !== null) {
    const when = today.time === edition ? "Within 24 hours" : "On that day";
    parts.push(`${when} ${whole(today.gainers)} of ${whole(today.ranked)} coins gained and ${whole(today.losers)} lost`);
    parts.push(today.median === null ? ". " : `; the median coin moved ${percent(today.median)}. `);
  }
  const moved = coins.filter((coin) => coin.day !== null).sort((a, b) => Number(b.day) - Number(a.day));
  if (moved.length > 1) {
    const [best, worst] = [moved[0], moved[moved.length - 1]];
    const largest = today && today.time !== edition ? `Of the ten largest on ${dayOnly(edition)}, ` : "Of the ten largest, ";
    parts.push(largest, el("bdi", {}, best.name), ` did best at ${percent(best.day)}, `);
    parts.push(el("bdi", {}, worst.name), ` worst at ${percent(worst.day)}.`);
  }
  return parts;
};
