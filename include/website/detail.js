// A coin's detail, beside the table: its address is the page's with #<coin's id>.

import { Chart, lastDays, offerPeriods, periods } from "./chart.js";
import { climbed, logo } from "./coins.js";
import { $, el, find } from "./dom.js";
import { NONE, change, compact, exactMoment, mediumDate, share } from "./format.js";

/** @typedef {import("./data.js").Coin} Coin */
/** @typedef {import("./format.js").Money} Money */

const PERIODS = [
  { value: 7, label: "7 days" },
  { value: 30, label: "30 days" },
  { value: 90, label: "90 days" },
];

/**
 * Where the price is within the range of the last 24 hours.
 * @param {Coin} coin
 * @param {Money} amounts
 */
const range = (coin, amounts) => {
  if (coin.low === null || coin.high === null || coin.high <= coin.low) return [];
  // CoinGecko's price is at times just outside the range that it gives.
  const position = Math.min(1, Math.max(0, (coin.price - coin.low) / (coin.high - coin.low)));
  const marker = el("span", { class: "marker" });
  marker.style.setProperty("inset-inline-start", `${(position * 100).toFixed(1)}%`);
  return [
    el("div", { class: "track", "aria-hidden": true }, marker),
    el("p", {}, el("span", { class: "muted" }, "24 h low "), amounts.price(coin.low)),
    el("p", {}, el("span", { class: "muted" }, "24 h high "), amounts.price(coin.high)),
  ];
};

/**
 * @param {Coin} coin
 * @param {Money} amounts
 */
const facts = (coin, amounts) => {
  const supply = (/** @type {import("./format.js").Value} */ value) =>
    value === null ? NONE : `${compact(value)} ${coin.symbol}`;
  const turnover = coin.volume !== null && coin.cap ? share((coin.volume / coin.cap) * 100) : NONE;
  /** @type {[string, import("./dom.js").Child][]} */
  const known = [
    ["Market cap", amounts.short(coin.cap)],
    ["Share of the market", share(coin.share)],
    ["Volume, 24 h", amounts.short(coin.volume)],
    ["Volume / market cap", turnover],
    ["Circulating supply", supply(coin.circulating)],
    ["Total supply", supply(coin.total)],
    ["Maximum supply", supply(coin.max)],
    ["All-time high", amounts.price(coin.ath)],
    ["Reached on", mediumDate(coin.athDate)],
    ["Since then", change(coin.athChange)],
    ["Price from", coin.updated === null ? NONE : `${exactMoment(coin.updated)} UTC`],
  ];
  return known.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
};

/** The dialog that shows one coin. */
export class Detail {
  #dialog = find("detail", HTMLDialogElement);
  #chart = new Chart($("detail-chart"));
  #period = 30;
  /** @type {Coin | null} */
  #open = null;

  /**
   * @param {import("./coins.js").Table} table
   * @param {Money} amounts
   */
  constructor(table, amounts) {
    this.table = table;
    this.amounts = amounts;
    $("previous").addEventListener("click", () => this.#step(-1));
    $("next").addEventListener("click", () => this.#step(1));
    $("close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("close", () => {
      if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    });
    addEventListener("hashchange", () => this.follow());
  }

  /** Opens the coin that the page's address names, and closes where it names none. */
  follow() {
    let wanted = "";
    try {
      wanted = decodeURIComponent(location.hash.slice(1));
    } catch { /* not an id of ours */ }
    const coin = this.table.coins.find(({ id }) => id === wanted);
    if (!coin) return this.#dialog.close();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#show(coin);
    $("detail-name").focus();
  }

  /**
   * Goes to a neighbor in the table, as it is sorted and filtered.
   * @param {number} step
   */
  #step(step) {
    const order = this.table.shown.length ? this.table.shown : this.table.coins;
    const at = this.#open ? order.indexOf(this.#open) : -1;
    const coin = order[(at + step + order.length) % order.length];
    history.replaceState(null, "", `#${encodeURIComponent(coin.id)}`);
    this.#show(coin);
  }

  /** @param {Coin} coin */
  #show(coin) {
    this.#open = coin;
    $("detail-logo").replaceChildren(logo(coin));
    $("detail-name").replaceChildren(el("bdi", {}, coin.name));
    const rank = coin.rank === null ? "" : ` · rank ${coin.rank}`;
    $("detail-rank").replaceChildren(el("bdi", {}, coin.symbol), rank, climbed(coin.climbed) ?? "");
    $("detail-price").textContent = this.amounts.price(coin.price);
    /** @type {[string, import("./format.js").Value][]} */
    const changes = [["24 hours", coin.day], ["7 days", coin.week], ["30 days", coin.trend]];
    $("detail-changes").replaceChildren(
      ...changes.map(([label, value]) => el("li", {}, el("span", { class: "muted" }, label), change(value))),
    );
    this.#showChart(coin);
    const day = range(coin, this.amounts);
    $("detail-day").replaceChildren(...day);
    $("detail-day").hidden = day.length === 0;
    $("detail-facts").replaceChildren(...facts(coin, this.amounts));
    this.#dialog.scrollTop = 0;
  }

  /** @param {Coin} coin */
  #showChart(coin) {
    const lengths = periods(coin.series, PERIODS);
    if (!lengths.some(({ value }) => value === this.#period)) this.#period = lengths[lengths.length - 1].value;
    const reading = { name: "Price", format: this.amounts.price, tick: this.amounts.tick };
    offerPeriods(this.#chart, "coin-period", lengths, this.#period, (days) => {
      this.#period = days;
      this.#chart.show(lastDays(coin.series, days), reading);
    });
  }
}
