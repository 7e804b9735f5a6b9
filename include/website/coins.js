// The table of coins: sorted by any column, and filtered by name and symbol.

import { sparkline } from "./chart.js";
import { percentChange } from "./data.js";
import { $, el, find } from "./dom.js";
import { LOCALE, NONE, change, direction, share, whole } from "./format.js";

/** @typedef {import("./data.js").Coin} Coin */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./format.js").Money} Money */
/** @typedef {"ascending" | "descending"} Order */
/** @typedef {"rank" | "name" | "price" | "day" | "week" | "cap" | "volume" | "trend"} Key */
/** @typedef {{key: Key, label: string, name?: string, first: Order, wide?: boolean}} Column */

const LOGO_HOSTS = new Set(["assets.coingecko.com", "coin-images.coingecko.com"]);

/** @type {Column[]} */
const COLUMNS = [
  { key: "rank", label: "#", name: "Rank", first: "ascending" },
  { key: "name", label: "Coin", first: "ascending" },
  { key: "price", label: "Price", first: "descending" },
  { key: "day", label: "24 h", name: "Change, 24 hours", first: "descending", wide: true },
  { key: "week", label: "7 d", name: "Change, 7 days", first: "descending", wide: true },
  { key: "cap", label: "Market cap", first: "descending", wide: true },
  { key: "volume", label: "Volume, 24 h", first: "descending", wide: true },
  { key: "trend", label: "30 days", name: "Change, 30 days", first: "descending" },
];

/**
 * A coin's logo, or its first letter where there is none that may be shown.
 * @param {Coin} coin
 */
export const logo = (coin) => {
  const letter = el("span", { class: "logo", "aria-hidden": true }, [...(coin.symbol || coin.name)][0] ?? "?");
  const address = URL.parse(String(coin.image));
  if (address?.protocol !== "https:" || !LOGO_HOSTS.has(address.host)) return letter;
  address.pathname = address.pathname.replace("/large/", "/small/"); // 50 pixels for the 32 that are drawn
  const lazily = { loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" };
  const image = el("img", { class: "logo", alt: "", width: 32, height: 32, ...lazily, src: address.href });
  image.addEventListener("error", () => image.replaceWith(letter));
  return image;
};

/**
 * How many ranks a coin has climbed since the day before, if it has.
 * @param {number} places
 */
export const climbed = (places) => {
  if (!places) return null;
  const [word, arrow] = places > 0 ? ["up", "▲"] : ["down", "▼"];
  const title = `${word} ${Math.abs(places)} since the day before`;
  return el(
    "span",
    { class: `climbed ${word}`, title },
    el("span", { "aria-hidden": true }, `${arrow}${Math.abs(places)}`),
    el("span", { class: "sr" }, `, ${title}`),
  );
};

/** @param {Column} column */
const className = ({ key, wide }) => `column-${key}${wide ? " wide" : ""}`;

/**
 * Where a line leads, however many of its days there are.
 * @param {import("./data.js").Point[]} series
 */
const lean = (series) => direction(percentChange(series.at(-1)?.value, series[0]?.value));

/** @param {Coin} coin */
const nameCell = (coin) => {
  const href = `#${encodeURIComponent(coin.id)}`;
  const link = el("a", { class: "coin-name", href, title: coin.name }, el("bdi", {}, coin.name));
  const words = el("div", { class: "coin-text" }, link, el("bdi", { class: "symbol" }, coin.symbol));
  return el("div", { class: "coin" }, logo(coin), words);
};

/**
 * @param {Coin} coin
 * @param {Money} amounts
 * @returns {Record<Key, (Child | null)[]>}
 */
const cells = (coin, amounts) => ({
  rank: [whole(coin.rank), climbed(coin.climbed)],
  name: [nameCell(coin)],
  price: [amounts.price(coin.price), el("span", { class: "narrow-only" }, change(coin.day))],
  day: [change(coin.day)],
  week: [change(coin.week)],
  cap: [amounts.short(coin.cap), el("span", { class: "second" }, coin.share === null ? "" : `${share(coin.share)} of all`)],
  volume: [amounts.short(coin.volume)],
  trend: coin.month.length > 1 ? [sparkline(coin.month), el("span", { class: "second" }, change(coin.trend))] : [NONE],
});

/**
 * @param {Coin} coin
 * @param {Money} amounts
 */
const row = (coin, amounts) => {
  const filled = cells(coin, amounts);
  const made = el("tr");
  // The whole row opens the coin, except while text in it is being selected.
  made.addEventListener("click", (event) => {
    const onLink = event.target instanceof Element && event.target.closest("a");
    if (!onLink && getSelection()?.isCollapsed) location.hash = encodeURIComponent(coin.id);
  });
  made.append(...COLUMNS.map((column) => {
    const name = column.key === "trend" ? `${className(column)} ${lean(coin.month)}` : className(column);
    return column.key === "name"
      ? el("th", { scope: "row", class: name }, ...filled[column.key])
      : el("td", { class: name }, ...filled[column.key]);
  }));
  return made;
};

/**
 * Compares two coins by a column; what is not known comes last.
 * @param {Key} key
 * @param {Order} order
 * @returns {(a: Coin, b: Coin) => number}
 */
const comparison = (key, order) => (a, b) => {
  const [one, other] = [a[key], b[key]];
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  const sign = order === "ascending" ? 1 : -1;
  const compared = key === "name" ? a.name.localeCompare(b.name, LOCALE) : Number(one) - Number(other);
  return sign * compared || Number(a.rank) - Number(b.rank);
};

/** The table of coins. */
export class Table {
  /** @type {{key: Key, order: Order}} */
  #sorting = { key: "rank", order: "ascending" };
  #filter = find("filter", HTMLInputElement);
  #sort = find("sort", HTMLSelectElement);

  /**
   * @param {Coin[]} coins
   * @param {Money} amounts
   */
  constructor(coins, amounts) {
    this.coins = coins;
    this.shown = coins;
    this.rows = new Map(coins.map((coin) => [coin, row(coin, amounts)]));
    $("columns").replaceChildren(...COLUMNS.map((column) => this.#heading(column)));
    this.#sort.replaceChildren(...COLUMNS.map(({ key, label, name }) => el("option", { value: key }, name ?? label)));
    this.#sort.addEventListener("change", () => {
      const column = COLUMNS.find(({ key }) => key === this.#sort.value);
      if (column) this.#sortBy(column, false);
    });
    $("turn").addEventListener("click", () => {
      const column = COLUMNS.find(({ key }) => key === this.#sorting.key);
      if (column) this.#sortBy(column, true);
    });
    this.#filter.addEventListener("input", () => this.#arrange());
    this.#arrange();
  }

  /** @param {Column} column */
  #heading(column) {
    const { key, label, name } = column;
    const button = el("button", { type: "button", "aria-label": name && name !== label ? `${label}: ${name}` : null }, label);
    button.addEventListener("click", () => this.#sortBy(column, true));
    return el("th", { scope: "col", class: className(column), "data-key": key }, button);
  }

  /**
   * @param {Column} column
   * @param {boolean} toggle
   */
  #sortBy({ key, first }, toggle) {
    const opposite = this.#sorting.order === "ascending" ? "descending" : "ascending";
    this.#sorting = { key, order: toggle && this.#sorting.key === key ? opposite : first };
    this.#arrange();
  }

  #arrange() {
    const { key, order } = this.#sorting;
    const wanted = this.#filter.value.trim().toLocaleLowerCase(LOCALE);
    this.shown = this.coins
      .filter((coin) => [coin.name, coin.symbol].some((name) => name.toLocaleLowerCase(LOCALE).includes(wanted)))
      .sort(comparison(key, order));
    $("rows").replaceChildren(...this.shown.flatMap((coin) => this.rows.get(coin) ?? []));
    const some = wanted ? `${this.shown.length} of ${this.coins.length} coins` : "";
    $("matches").textContent = this.shown.length === 0 ? "No coin has that in its name or symbol." : some;
    for (const heading of $("columns").querySelectorAll("th")) {
      if (heading.dataset.key === key) heading.setAttribute("aria-sort", order);
      else heading.removeAttribute("aria-sort");
    }
    this.#sort.value = key;
    $("turn").setAttribute("aria-label", `Sorted ${order}: turn around`);
    $("turn").textContent = order === "ascending" ? "↑" : "↓";
  }
}
