// The dashboard: reads data/*.json, which the daily DAG writes, and shows them.
//
// The contracts are include/schemas/*.schema.json, but the page trusts none of it: a file may be missing,
// broken or of another day, a field may be null, a name is other people's input. Every value is set as text,
// never as HTML; the Content-Security-Policy makes the browser refuse anything else.

const LOCALE = "en";
const NONE = "–";
const DAY = 86_400_000; // milliseconds
// A new snapshot comes every 24 hours and may be two hours old by then; six hours of grace.
const STALE_AFTER = 32 * 3_600_000;
const PATIENCE = 15_000; // milliseconds until a file counts as missing
const LOGO_HOSTS = new Set(["assets.coingecko.com", "coin-images.coingecko.com"]);

// ---- Elements ---------------------------------------------------------------------------------------------

const $ = (id) => document.getElementById(id);

/** An element with attributes, and children that are elements or text. */
const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

// ---- Values -----------------------------------------------------------------------------------------------

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value, otherwise = "") => (typeof value === "string" && value.trim() ? value.trim() : otherwise);
/** Milliseconds of a date or a moment, null if it is neither. */
const moment = (value) => {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? null : time;
};
const difference = (now, before) => (now === null || (before ?? null) === null ? null : now - before);
const percentChange = (now, before) => (now === null || !before ? null : (now / before - 1) * 100);

/** Formats numbers; null becomes a dash, and a minus looks like one. */
const formatter = (options) => {
  const format = new Intl.NumberFormat(LOCALE, options);
  return (value) => (value === null ? NONE : format.format(value).replace("-", "−"));
};
const percent = formatter({ style: "unit", unit: "percent", signDisplay: "exceptZero", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const share = formatter({ style: "unit", unit: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const points = (value) => (value === null ? NONE : `${signed(value)} pp`);
const signed = formatter({ signDisplay: "exceptZero", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = formatter({ maximumFractionDigits: 0 });
const inWords = formatter({ notation: "compact", compactDisplay: "long", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const unsigned = formatter({ style: "unit", unit: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = formatter({ notation: "compact", maximumFractionDigits: 2 });

const date = (options) => {
  const format = new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", ...options });
  return (time) => (time === null ? NONE : format.format(time));
};
const longDate = date({ dateStyle: "long" });
const fullDate = date({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
const dayAndMonth = date({ month: "short", day: "numeric" });
const mediumDate = date({ dateStyle: "medium" });
const monthAndYear = date({ month: "short", year: "numeric" });
const exactMoment = date({ dateStyle: "long", timeStyle: "short" });

/** Formats amounts of a currency: prices with the digits they need, totals short or in words. */
const money = (currency) => {
  const code = text(currency, "usd").toUpperCase();
  const amount = (options) => {
    try {
      return formatter({ style: "currency", currency: code, currencyDisplay: "narrowSymbol", ...options });
    } catch {
      // CoinGecko also knows currencies with no code of three letters (sats, bits).
      const plain = formatter(options);
      return (value) => (value === null ? NONE : `${plain(value)} ${code}`);
    }
  };
  const large = amount({ maximumFractionDigits: 0 });
  const usual = amount({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const tiny = amount({ minimumSignificantDigits: 3, maximumSignificantDigits: 4 });
  return {
    price: (value) => (value === null || (value >= 1 && value < 100_000) ? usual : value >= 100_000 ? large : tiny)(value),
    short: amount({ notation: "compact", minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    tick: amount({ notation: "compact", maximumSignificantDigits: 4 }),
    // Intl has no long form for currencies: a long number in the place of a short one.
    words: (value) => large(1).replace("1", inWords(value)),
  };
};

const age = (milliseconds) => {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always" });
  if (minutes < 1) return "just now";
  if (minutes < 90) return relative.format(-minutes, "minute");
  if (minutes < 48 * 60) return relative.format(-Math.round(minutes / 60), "hour");
  return relative.format(-Math.round(minutes / 1440), "day");
};

/** What is 0.00 when shown has no direction. */
const direction = (value) => (value === null || Math.abs(value) < 0.005 ? "flat" : value > 0 ? "up" : "down");
/** A change in percent: sign, colour and arrow say the same. */
const change = (value, format = percent) => el("span", { class: `change ${direction(value)}` }, format(value));

// ---- Data -------------------------------------------------------------------------------------------------

const FILES = {
  top10_cryptos: { rows: "coins", what: "The ten coins" },
  market_history: { rows: "days", what: "The market’s totals" },
  coin_history: { rows: "prices", what: "The price histories" },
};

/** One data file: its rows, and where and when they are from. Throws an error whose message a visitor can read. */
const load = async (name) => {
  const { rows, what } = FILES[name];
  const path = `data/${name}.json`;
  let answer;
  try {
    answer = await fetch(path, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Error(`${what} could not be fetched: ${path} did not answer.`);
  }
  if (!answer.ok) throw new Error(`${what} are missing: ${path} is not there (${answer.status}).`);
  const broken = new Error(`${what} cannot be read: ${path} is broken.`);
  let content;
  try {
    content = await answer.json();
  } catch {
    throw broken;
  }
  if (!Array.isArray(content?.[rows]) || moment(content.as_of) === null) throw broken;
  const usable = content[rows].filter((row) => row !== null && typeof row === "object");
  if (usable.length === 0) throw broken;
  return {
    asOf: moment(content.as_of),
    generatedAt: moment(content.generated_at),
    source: text(content.source),
    currency: text(content.currency, "usd"),
    attribution: content.attribution,
    rows: usable,
  };
};

/** The market's days, oldest first. */
const marketDays = (rows) =>
  rows
    .map((row) => ({
      time: moment(row.dt),
      cap: number(row.total_market_cap),
      volume: number(row.total_volume),
      btc: number(row.btc_dominance_pct),
      eth: number(row.eth_dominance_pct),
      median: number(row.median_change_24h_pct),
      coins: number(row.coins),
      gainers: number(row.gainers),
      losers: number(row.losers),
    }))
    .filter((day) => day.time !== null)
    .sort((a, b) => a.time - b.time);

/** Each coin's days, oldest first, by its id. */
const coinDays = (rows) => {
  const days = new Map();
  for (const row of rows) {
    const [id, time, price] = [text(row.coin_id), moment(row.dt), number(row.current_price)];
    if (!id || time === null || price === null) continue;
    if (!days.has(id)) days.set(id, []);
    days.get(id).push({ time, value: price, rank: number(row.rank) });
  }
  for (const series of days.values()) series.sort((a, b) => a.time - b.time);
  return days;
};

/** What lies exactly a number of days before the last day of a series; null if that day is missing. */
const daysBefore = (series, count) => series.find((day) => day.time === series.at(-1).time - count * DAY) ?? null;

const coinsOf = (rows, histories, asOf) =>
  rows
    .filter((row) => text(row.coin_id))
    .map((row) => {
      const id = text(row.coin_id);
      const series = (histories.get(id) ?? []).filter((day) => day.time <= asOf);
      const month = series.filter((day) => day.time >= asOf - 30 * DAY);
      const today = series.at(-1) ?? null;
      const yesterday = today && daysBefore(series, 1);
      const week = today && daysBefore(series, 7);
      return {
        id,
        series,
        month,
        rank: number(row.rank),
        climbed: yesterday?.rank && today.rank ? yesterday.rank - today.rank : 0,
        name: text(row.name, id),
        symbol: text(row.symbol).toUpperCase(),
        image: row.image,
        price: number(row.current_price),
        day: number(row.price_change_percentage_24h),
        week: percentChange(today?.value ?? null, week?.value),
        trend: percentChange(today?.value ?? null, (today && daysBefore(series, 30))?.value),
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
    });

// ---- Charts -----------------------------------------------------------------------------------------------

/** Three to five round numbers within a range. */
const ticks = (low, high) => {
  const rough = (high - low) / 4 || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step);
};

/** An SVG path; where days are missing the line is broken rather than invented. */
const path = (series, x, y) =>
  series.map((day, i) => `${i && day.time - series[i - 1].time <= DAY ? "L" : "M"}${x(day.time).toFixed(1)} ${y(day.value).toFixed(1)}`).join("");

const scales = (series, width, top, bottom) => {
  const values = series.map((day) => day.value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.01 || 1;
  const [from, to] = [low - margin, high + margin];
  const [start, end] = [series[0].time, series.at(-1).time];
  return {
    from,
    to,
    x: (time) => (end === start ? width / 2 : ((time - start) / (end - start)) * width),
    y: (value) => bottom - ((value - from) / (to - from)) * (bottom - top),
  };
};

const sparkline = (series) => {
  const [width, height] = [112, 32];
  const { x, y } = scales(series, width - 6, 2, height - 2);
  const last = series.at(-1);
  return svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": true, focusable: false },
    svg("path", { d: path(series, x, y) }),
    svg("circle", { cx: x(last.time), cy: y(last.value), r: 2.5 }),
  );
};

const GUTTER = 56; // pixels right of a line for the scale; style.css leaves them out of the slider

/** A line over days with a read-out that follows pointer, finger and arrow keys. */
class Chart {
  #series = [];
  #observer = new ResizeObserver(() => this.#draw());

  constructor(figure) {
    this.readout = figure.querySelector(".readout");
    this.plot = figure.querySelector(".plot");
    this.#observer.observe(this.plot);
  }

  /** Shows a series of {time, value}; format and tick make text of a value, name says what it is. */
  show(series, { name, format, tick }) {
    Object.assign(this, { format, tick, name });
    this.#series = series;
    if (series.length < 2) {
      const only = series[0];
      this.readout.replaceChildren(only ? this.#reading(only) : name);
      this.plot.replaceChildren(
        el("p", { class: "too-short" }, only ? "One day so far: the line begins with the second." : "There is no history to draw."),
      );
      return;
    }
    this.slider = el("input", { type: "range", min: 0, max: series.length - 1, step: 1, "aria-label": `${name}, day by day` });
    this.slider.value = series.length - 1;
    this.slider.addEventListener("input", () => this.#point(this.slider.valueAsNumber));
    this.slider.addEventListener("pointermove", (event) => this.#point(this.#nearest(event)));
    this.slider.addEventListener("pointerleave", () => this.#point(series.length - 1));
    this.picture = svg("svg", { "aria-hidden": true, focusable: false });
    this.plot.replaceChildren(this.picture, this.slider);
    this.#draw();
    this.#point(series.length - 1);
  }

  #nearest(event) {
    const box = this.slider.getBoundingClientRect();
    const [start, end] = [this.#series[0].time, this.#series.at(-1).time];
    const time = start + ((event.clientX - box.left) / box.width) * (end - start);
    let best = 0;
    this.#series.forEach((day, i) => {
      if (Math.abs(day.time - time) < Math.abs(this.#series[best].time - time)) best = i;
    });
    return best;
  }

  #reading(day) {
    return el("span", {}, el("strong", {}, this.format(day.value)), ` ${longDate(day.time)}`);
  }

  #point(index) {
    const day = this.#series[index];
    this.slider.value = index;
    this.slider.setAttribute("aria-valuetext", `${longDate(day.time)}: ${this.format(day.value)}`);
    this.readout.replaceChildren(this.#reading(day));
    if (!this.x) return;
    const [x, y] = [this.x(day.time), this.y(day.value)];
    fill(this.rule, { x1: x, x2: x }, []);
    fill(this.dot, { cx: x, cy: y }, []);
  }

  #draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (this.#series.length < 2 || !width) return;
    const bottom = height - 24;
    const { x, y, from, to } = scales(this.#series, width - GUTTER, 12, bottom);
    Object.assign(this, { x, y });
    const grid = ticks(from, to).map((value) =>
      svg(
        "g",
        {},
        svg("line", { class: "grid", x1: 0, x2: width, y1: y(value), y2: y(value) }),
        svg("text", { x: width, y: y(value) - 5, "text-anchor": "end" }, this.tick(value)),
      ),
    );
    const line = path(this.#series, x, y);
    const area = this.#runs().map((run) => `${path(run, x, y)}L${x(run.at(-1).time)} ${bottom}L${x(run[0].time)} ${bottom}Z`).join("");
    this.rule = svg("line", { class: "rule", y1: 8, y2: bottom });
    this.dot = svg("circle", { class: "dot", r: 4.5 });
    this.picture.replaceChildren(
      ...grid,
      svg("line", { class: "base", x1: 0, x2: width, y1: bottom, y2: bottom }),
      ...this.#dates(width - GUTTER, x, height - 6),
      svg("path", { class: "area", d: area }),
      svg("path", { class: "line", d: line }),
      this.rule,
      this.dot,
    );
    fill(this.picture, { viewBox: `0 0 ${width} ${height}` }, []);
    this.#point(this.slider.valueAsNumber);
  }

  /** The stretches of days without a gap. */
  #runs() {
    const runs = [];
    this.#series.forEach((day, i) => {
      if (i && day.time - this.#series[i - 1].time <= DAY) runs.at(-1).push(day);
      else runs.push([day]);
    });
    return runs.filter((run) => run.length > 1);
  }

  #dates(width, x, y) {
    const [start, end] = [this.#series[0].time, this.#series.at(-1).time];
    const count = Math.max(2, Math.min(6, Math.floor(width / 110), (end - start) / DAY + 1));
    const label = end - start > 200 * DAY ? monthAndYear : dayAndMonth;
    return Array.from({ length: count }, (_, i) => {
      const time = start + Math.round(((end - start) * i) / (count - 1) / DAY) * DAY;
      const anchor = i === 0 ? "start" : i === count - 1 ? "end" : "middle";
      return svg("text", { x: x(time), y, "text-anchor": anchor }, label(time));
    });
  }
}

/** Radio buttons in a fieldset. Options are {value, label}; chosen is called with a value, at once for the first choice. */
const choices = (fieldset, name, options, selected, chosen) => {
  fieldset.querySelectorAll("label").forEach((label) => label.remove());
  fieldset.append(
    ...options.map(({ value, label }) => {
      const input = el("input", { type: "radio", name, value, checked: value === selected });
      input.addEventListener("change", () => chosen(value));
      return el("label", {}, input, label);
    }),
  );
  chosen(selected);
};

/** The periods that a series is long enough for, and "all" of it. */
const periods = (series, lengths) => {
  const span = series.length ? (series.at(-1).time - series[0].time) / DAY : 0;
  return lengths.filter(({ value }, i) => i === 0 || span > lengths[i - 1].value);
};
const within = (series, days) => series.filter((day) => day.time >= series.at(-1).time - days * DAY);

// ---- The whole market -------------------------------------------------------------------------------------

const METRICS = [
  { key: "cap", label: "Market capitalization", format: "short", since: percentChange, show: percent },
  { key: "volume", label: "Volume, 24 h", format: "short", since: percentChange, show: percent },
  { key: "btc", label: "Bitcoin dominance", since: difference, show: points },
  { key: "eth", label: "Ether dominance", since: difference, show: points },
];

const showMarket = (market) => {
  const days = marketDays(market.rows);
  const [today, yesterday] = [days.at(-1), daysBefore(days, 1)];
  const amounts = money(market.currency);
  const chart = new Chart($("market-chart"));
  let [metric, period] = [METRICS[0], 365];

  const draw = () => {
    const series = days.map((day) => ({ time: day.time, value: day[metric.key] })).filter((day) => day.value !== null);
    const format = metric.format ? amounts[metric.format] : share;
    const tick = metric.format ? amounts.tick : share;
    chart.show(series.length ? within(series, period) : series, { name: metric.label, format, tick });
  };
  const lengths = periods(days, [{ value: 30, label: "30 days" }, { value: 90, label: "90 days" }, { value: 365, label: "1 year" }]);
  period = lengths.at(-1).value;
  choices($("metrics"), "metric", METRICS.map(({ key, label, format, since, show }) => ({
    value: key,
    label: el(
      "span",
      { class: "metric" },
      el("span", { class: "metric-name" }, label),
      el("span", { class: "metric-value" }, (format ? amounts[format] : share)(today[key])),
      yesterday
        ? el("span", { class: "metric-change" }, change(since(today[key], yesterday[key]), show), el("span", { class: "sr" }, " since the day before"))
        : el("span", { class: "metric-change muted" }, "no day before"),
    ),
  })), "cap", (key) => {
    metric = METRICS.find((known) => known.key === key);
    draw();
  });
  const ranges = $("market-chart").querySelector(".ranges");
  ranges.hidden = lengths.length < 2;
  choices(ranges, "market-period", lengths, period, (value) => {
    period = value;
    draw();
  });
  return { today, change: percentChange(today.cap, yesterday?.cap), amounts };
};

const headline = ({ today, change: moved, amounts }) => {
  const worth = amounts.words(today.cap);
  if (moved === null) return `The crypto market is worth ${worth}.`;
  if (Math.abs(moved) < 0.25) return `The crypto market held steady at ${worth}.`;
  const by = unsigned(Math.abs(moved));
  return `The crypto market ${moved > 0 ? "rose" : "fell"} ${by} to ${worth}.`;
};

const summary = (today, coins) => {
  const parts = [];
  if (today && today.gainers !== null && today.losers !== null) {
    parts.push(`Within 24 hours ${whole(today.gainers)} of ${whole(today.coins)} coins gained and ${whole(today.losers)} lost`);
    parts.push(today.median === null ? ". " : `; the median coin moved ${percent(today.median)}. `);
  }
  const moved = coins.filter((coin) => coin.day !== null).sort((a, b) => b.day - a.day);
  if (moved.length > 1) {
    const [best, worst] = [moved[0], moved.at(-1)];
    parts.push("Of the ten largest, ", el("bdi", {}, best.name), ` did best at ${percent(best.day)}, `, el("bdi", {}, worst.name), ` worst at ${percent(worst.day)}.`);
  }
  return parts;
};

// ---- The coins --------------------------------------------------------------------------------------------

/** A coin's logo, or its first letter where there is none that may be shown. */
const logo = (coin) => {
  const letter = el("span", { class: "logo", "aria-hidden": true }, [...(coin.symbol || coin.name)][0] ?? "?");
  let address;
  try {
    address = new URL(coin.image);
  } catch {
    return letter;
  }
  if (address.protocol !== "https:" || !LOGO_HOSTS.has(address.host)) return letter;
  const image = el("img", { class: "logo", alt: "", width: 32, height: 32, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer", src: address.href });
  image.addEventListener("error", () => image.replaceWith(letter));
  return image;
};

const climbed = (places) => {
  if (!places) return null;
  const [word, arrow] = places > 0 ? ["up", "▲"] : ["down", "▼"];
  return el(
    "span",
    { class: `climbed ${word}`, title: `${word} ${Math.abs(places)} since the day before` },
    el("span", { "aria-hidden": true }, `${arrow}${Math.abs(places)}`),
    el("span", { class: "sr" }, `, ${word} ${Math.abs(places)} since the day before`),
  );
};

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

const column = (key, wide) => `column-${key}${wide ? " wide" : ""}`;

/** Where a line leads, however many of its days there are. */
const lean = (series) => direction(series.length ? percentChange(series.at(-1).value, series[0].value) : null);

const row = (coin, amounts) => {
  const cells = {
    rank: [whole(coin.rank), climbed(coin.climbed)],
    name: [
      el("div", { class: "coin" }, logo(coin), el("div", { class: "coin-text" },
        el("a", { class: "coin-name", href: `#${encodeURIComponent(coin.id)}`, title: coin.name }, el("bdi", {}, coin.name)),
        el("bdi", { class: "symbol" }, coin.symbol))),
    ],
    price: [amounts.price(coin.price), el("span", { class: "narrow-only" }, change(coin.day))],
    day: [change(coin.day)],
    week: [change(coin.week)],
    cap: [amounts.short(coin.cap), el("span", { class: "second" }, coin.share === null ? "" : `${share(coin.share)} of all`)],
    volume: [amounts.short(coin.volume)],
    trend: coin.month.length > 1 ? [sparkline(coin.month), el("span", { class: "sr" }, percent(coin.trend))] : [NONE],
  };
  const made = el("tr");
  made.append(...COLUMNS.map(({ key, wide }) => {
    const attributes = { class: `${column(key, wide)}${key === "trend" ? ` ${lean(coin.month)}` : ""}` };
    return key === "name" ? el("th", { scope: "row", ...attributes }, ...cells[key]) : el("td", attributes, ...cells[key]);
  }));
  return made;
};

const showCoins = (coins, amounts) => {
  const rows = new Map(coins.map((coin) => [coin, row(coin, amounts)]));
  let sorting = { key: "rank", order: "ascending" };
  let shown = coins;

  const arrange = () => {
    const sign = sorting.order === "ascending" ? 1 : -1;
    const wanted = $("filter").value.trim().toLocaleLowerCase(LOCALE);
    const compared = (a, b) => {
      const [one, other] = [a[sorting.key], b[sorting.key]];
      if (one === null || other === null) return (one === null) - (other === null); // what is not known comes last
      return sign * (typeof one === "string" ? one.localeCompare(other, LOCALE) : one - other) || a.rank - b.rank;
    };
    shown = [...coins].sort(compared).filter((coin) =>
      [coin.name, coin.symbol, coin.id].some((name) => name.toLocaleLowerCase(LOCALE).includes(wanted)));
    $("rows").replaceChildren(...shown.map((coin) => rows.get(coin)));
    $("matches").textContent =
      shown.length === 0 ? "No coin has that in its name or symbol." : wanted ? `${shown.length} of ${coins.length} coins` : "";
    for (const header of $("columns").children) {
      if (header.dataset.key === sorting.key) header.setAttribute("aria-sort", sorting.order);
      else header.removeAttribute("aria-sort");
    }
    $("sort").value = sorting.key;
  };
  const sortBy = (key, toggle) => {
    const column = COLUMNS.find((known) => known.key === key);
    const opposite = { ascending: "descending", descending: "ascending" };
    sorting = { key, order: toggle && sorting.key === key ? opposite[sorting.order] : column.first };
    arrange();
  };

  $("columns").replaceChildren(...COLUMNS.map(({ key, label, name, wide }) => {
    const button = el("button", { type: "button", "aria-label": name && name !== label ? `${label}: ${name}` : null }, label);
    button.addEventListener("click", () => sortBy(key, true));
    return el("th", { scope: "col", class: column(key, wide), "data-key": key }, button);
  }));
  $("sort").replaceChildren(...COLUMNS.map(({ key, label, name }) => el("option", { value: key }, name ?? label)));
  $("sort").addEventListener("change", () => sortBy($("sort").value, false));
  $("filter").addEventListener("input", arrange);
  arrange();
  return { order: () => shown };
};

// ---- A coin's detail --------------------------------------------------------------------------------------

const range = (coin, amounts) => {
  if (coin.low === null || coin.high === null || coin.price === null || coin.high <= coin.low) return [];
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

const facts = (coin, amounts) => {
  const supply = (value) => (value === null ? NONE : `${compact(value)} ${coin.symbol}`);
  const turnover = coin.volume !== null && coin.cap ? share((coin.volume / coin.cap) * 100) : NONE;
  return [
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
  ].flatMap(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
};

const showDetails = (coins, table, amounts) => {
  const dialog = $("detail");
  const chart = new Chart($("detail-chart"));
  let open = null;
  let period = 30;

  const neighbour = (step) => {
    const order = table.order().length ? table.order() : coins;
    return order[(order.indexOf(open) + step + order.length) % order.length];
  };
  const go = (coin) => history.replaceState(null, "", coin ? `#${encodeURIComponent(coin.id)}` : location.pathname + location.search);

  const show = (coin) => {
    open = coin;
    $("detail-logo").replaceChildren(logo(coin));
    $("detail-name").replaceChildren(el("bdi", {}, coin.name));
    $("detail-rank").replaceChildren(el("bdi", {}, coin.symbol), coin.rank === null ? "" : ` · rank ${coin.rank}`, climbed(coin.climbed) ?? "");
    $("detail-price").textContent = amounts.price(coin.price);
    $("detail-changes").replaceChildren(
      ...[["24 hours", coin.day], ["7 days", coin.week], ["30 days", coin.trend]].map(([label, value]) =>
        el("li", {}, el("span", { class: "muted" }, label), change(value))));
    const lengths = periods(coin.series, [{ value: 7, label: "7 days" }, { value: 30, label: "30 days" }, { value: 90, label: "90 days" }]);
    if (!lengths.some(({ value }) => value === period)) period = lengths.at(-1).value;
    const ranges = $("detail-chart").querySelector(".ranges");
    ranges.hidden = lengths.length < 2;
    choices(ranges, "coin-period", lengths, period, (value) => {
      period = value;
      chart.show(coin.series.length ? within(coin.series, value) : [], { name: "Price", format: amounts.price, tick: amounts.tick });
    });
    const day = range(coin, amounts);
    $("detail-day").replaceChildren(...day);
    $("detail-day").hidden = day.length === 0;
    $("detail-facts").replaceChildren(...facts(coin, amounts));
    dialog.scrollTop = 0;
  };
  const follow = () => {
    let wanted = "";
    try {
      wanted = decodeURIComponent(location.hash.slice(1));
    } catch { /* not an id of ours */ }
    const coin = coins.find(({ id }) => id === wanted);
    if (!coin) return dialog.close();
    if (!dialog.open) dialog.showModal();
    show(coin);
    $("detail-name").focus();
  };

  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    $(id).addEventListener("click", () => {
      const coin = neighbour(step);
      go(coin);
      show(coin);
    });
  }
  $("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { if (location.hash) go(null); });
  addEventListener("hashchange", follow);
  follow();
};

// ---- What the data are ------------------------------------------------------------------------------------

const notice = (kind, ...content) => $("notices").append(el("p", { class: "notice", "data-kind": kind }, ...content));

/** When the figures are from: the newest price, else the time of the query, else the day. */
const momentOf = (file, coins) => Math.max(0, ...coins.map((coin) => coin.updated ?? 0)) || file.generatedAt || file.asOf;

const showFreshness = (newest) => {
  const old = Date.now() - newest;
  const stale = old > STALE_AFTER;
  const line = $("freshness");
  line.replaceChildren(el("time", { datetime: new Date(newest).toISOString(), title: `${exactMoment(newest)} UTC` },
    `${stale ? "Out of date: updated" : "Updated"} ${age(old)}`));
  line.dataset.state = stale ? "stale" : "fresh";
  return stale;
};

const showAttribution = (files) => {
  const { attribution } = files[0];
  const said = text(attribution?.text, "Data provided by CoinGecko");
  let address = null;
  try {
    address = new URL(attribution.url);
  } catch { /* then the words alone */ }
  const linked = address?.protocol === "https:" && /(^|\.)coingecko\.com$/.test(address.hostname);
  $("attribution").replaceChildren(linked ? el("a", { href: address.href, rel: "noopener" }, said) : said);
};

// ---- The page ---------------------------------------------------------------------------------------------

const show = async () => {
  const names = Object.keys(FILES);
  const answers = await Promise.allSettled(names.map(load));
  const [top, market, history] = answers.map((answer) => answer.value ?? null);
  const files = [top, market, history].filter((file) => file !== null);
  answers.forEach((answer) => { if (answer.reason) notice("broken", answer.reason.message); });

  $("market").hidden = market === null;
  $("coins").hidden = top === null;
  if (files.length === 0) {
    $("freshness").textContent = "No data";
    $("freshness").dataset.state = "stale";
    $("headline").textContent = "There is nothing to show yet.";
    $("summary").textContent = "The first run of the daily pipeline will fill this page.";
    return;
  }

  const amounts = money(files[0].currency);
  const histories = history ? coinDays(history.rows) : new Map();
  const coins = top ? coinsOf(top.rows, histories, top.asOf) : [];
  const totals = market && showMarket(market);

  $("edition").textContent = fullDate(files[0].asOf);
  if (totals) $("headline").textContent = headline(totals);
  else $("headline").textContent = "The ten largest coins, today";
  $("summary").replaceChildren(...summary(totals?.today, coins));
  if (top) showDetails(coins, showCoins(coins, amounts), amounts);

  if (files.some((file) => file.source === "synthetic")) {
    document.body.dataset.source = "synthetic";
    document.title = `Demo data: ${document.title}`;
    notice("demo", el("strong", {}, "Demo data."), " Every figure on this page is made up; none is a market price.");
  }
  if (new Set(files.map((file) => file.asOf)).size > 1) {
    const dated = [["coins", top], ["market totals", market], ["price histories", history]].filter(([, file]) => file);
    notice("mixed", `An update is under way: ${dated.map(([what, file]) => `${what} of ${dayAndMonth(file.asOf)}`).join(", ")}.`);
  }
  const newest = momentOf(files[0], coins);
  let warned = false;
  const refresh = () => {
    if (showFreshness(newest) && !warned) {
      warned = true;
      notice("stale", el("strong", {}, "These figures are out of date."), ` They are from ${exactMoment(newest)} UTC; a new snapshot should come every day.`);
    }
  };
  refresh();
  setInterval(refresh, 60_000);
  showAttribution(files);
};

try {
  await show();
} catch (error) {
  notice("broken", "The figures cannot be shown: they are not what this page expects.");
  console.warn(error);
}
document.body.dataset.state = "ready";
