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
const PATIENCE = 8_000; // milliseconds until a file counts as missing
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

/** The fewest decimals in which the step of a scale is exact: its labels then differ. */
const decimals = (step) => [...Array(16).keys()].find((digits) => Math.abs(Number(step.toFixed(digits)) - step) < step / 1000) ?? 16;
/** Formats numbers with the decimals that a call asks for. */
const withDecimals = (options, make = formatter) => {
  const made = [];
  return (value, digits) => (made[digits] ??= make({ ...options, minimumFractionDigits: digits, maximumFractionDigits: digits }))(value);
};
// A value beside a scale is read with one decimal more than the scale's step has.
const percentage = withDecimals({ style: "unit", unit: "percent" });
const share = (value, step = 1) => percentage(value, Math.max(1, decimals(step) + 1));
const shareTick = (value, step) => percentage(value, decimals(step));
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
const dayOnly = date({ month: "long", day: "numeric" });
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
  const exact = withDecimals({}, amount);
  const compacted = withDecimals({ notation: "compact" }, amount);
  /** What a short amount counts: ones, thousands … trillions. */
  const unit = (value) => 1000 ** Math.min(4, Math.max(0, Math.floor(Math.log10(Math.abs(value)) / 3)));
  return {
    price: (value, step = 1) => {
      const digits = decimals(step) + 1;
      if (value > 0 && digits > Math.max(2, 3 - Math.floor(Math.log10(value)))) return exact(value, digits);
      return (value === null || (value >= 1 && value < 100_000) ? usual : value >= 100_000 ? large : tiny)(value);
    },
    short: (value, step = unit(value)) => compacted(value, Math.max(2, decimals(step / unit(value)) + 1)),
    tick: (value, step) => compacted(value, decimals(step / unit(value))),
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

/** Each kind of row as the page uses it; null where what it cannot do without is missing. */
const coinOf = (row) => {
  const [id, price] = [text(row.coin_id), number(row.current_price)];
  return id && price !== null && {
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
const marketDayOf = (row) => {
  const [time, cap] = [moment(row.dt), number(row.total_market_cap)];
  return time !== null && cap !== null && {
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
const priceOf = (row) => {
  const [id, time, value] = [text(row.coin_id), moment(row.dt), number(row.current_price)];
  return id && time !== null && value !== null && { id, time, value, rank: number(row.rank) };
};

const FILES = {
  top10_cryptos: { rows: "coins", of: coinOf, what: "ten coins" },
  market_history: { rows: "days", of: marketDayOf, what: "market’s totals" },
  coin_history: { rows: "prices", of: priceOf, what: "price histories" },
};

/** One data file: its rows, oldest first, and where and when they are from. Throws an error whose message a visitor can read. */
const load = async (name, cache = "default") => {
  const { rows, of, what } = FILES[name];
  const path = `data/${name}.json`;
  let answer;
  try {
    answer = await fetch(path, { cache, signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Error(`The ${what} could not be fetched: ${path} did not answer.`);
  }
  if (!answer.ok) throw new Error(`The ${what} are missing: ${path} is not there (${answer.status}).`);
  const broken = new Error(`The ${what} cannot be read: ${path} is broken.`);
  let content;
  try {
    content = await answer.json();
  } catch {
    throw broken;
  }
  const asOf = moment(content?.as_of);
  if (!Array.isArray(content?.[rows]) || asOf === null) throw broken;
  const usable = content[rows].map((row) => row && of(row)).filter(Boolean);
  if (usable.length === 0) throw broken;
  usable.sort((a, b) => a.time - b.time || 0); // coins have no time and stay as they are
  return {
    what,
    // Figures are of the day that they bear, whatever the file promises.
    asOf: usable.at(-1).time ?? asOf,
    generatedAt: moment(content.generated_at),
    source: text(content.source),
    currency: text(content.currency, "usd"),
    attribution: content.attribution,
    rows: usable,
  };
};

/** What lies exactly a number of days before the last day of a series; null if that day is missing. */
const daysBefore = (series, count) => series.find((day) => day.time === series.at(-1).time - count * DAY) ?? null;

/** The coins with what their histories say of the day that they are of. */
const withHistories = (coins, prices, asOf) =>
  coins.map((coin) => {
    const series = prices.filter((day) => day.id === coin.id && day.time <= asOf);
    const today = series.at(-1)?.time === asOf ? series.at(-1) : null;
    const before = (count) => today && daysBefore(series, count);
    const yesterday = before(1);
    return {
      ...coin,
      series,
      month: series.filter((day) => day.time >= asOf - 30 * DAY),
      climbed: yesterday?.rank && today.rank ? yesterday.rank - today.rank : 0,
      week: percentChange(today?.value ?? null, before(7)?.value),
      trend: percentChange(today?.value ?? null, before(30)?.value),
    };
  });

// ---- Charts -----------------------------------------------------------------------------------------------

/** Three to five round numbers within a range, and the step between them. */
const ticks = (low, high) => {
  const rough = (high - low) / 4 || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.ceil(low / step);
  return { step, values: Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step) };
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
    // Not the slider's own pointing: that counts days, and is off where some are missing.
    for (const kind of ["pointerdown", "pointermove"]) {
      this.plot.addEventListener(kind, (event) => { if (this.#series.length > 1) this.#point(this.#nearest(event)); });
    }
    // A finger leaves the chart when it is lifted; what it chose stays to be read.
    this.plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && this.#series.length > 1) this.#point(this.#series.length - 1);
    });
    this.plot.addEventListener("click", () => this.slider?.focus({ preventScroll: true }));
  }

  /** Shows a series of {time, value}; format and tick make text of a value and the scale's step, name says what it is. */
  show(series, { name, format, tick }) {
    Object.assign(this, { format, tick, name });
    this.#series = series;
    this.step = undefined;
    if (series.length < 2) {
      const only = series[0];
      this.readout.replaceChildren(only ? this.#reading(only) : name);
      this.plot.replaceChildren(
        el("p", { class: "too-short" }, only ? "One day so far: the line begins with the second." : "There is no history to draw."),
      );
      return;
    }
    const { from, to } = scales(series, 1, 0, 1);
    this.step = ticks(from, to).step;
    this.slider = el("input", { type: "range", min: 0, max: series.length - 1, step: 1, "aria-label": `${name}, day by day` });
    this.slider.value = series.length - 1;
    this.slider.addEventListener("input", () => this.#point(this.slider.valueAsNumber));
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
    return el("span", {}, el("strong", {}, this.format(day.value, this.step)), ` ${longDate(day.time)}`);
  }

  #point(index) {
    const day = this.#series[index];
    this.slider.value = index;
    this.slider.setAttribute("aria-valuetext", `${longDate(day.time)}: ${this.format(day.value, this.step)}`);
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
    const grid = ticks(from, to).values.map((value) =>
      svg(
        "g",
        {},
        svg("line", { class: "grid", x1: 0, x2: width, y1: y(value), y2: y(value) }),
        svg("text", { x: width, y: y(value) - 5, "text-anchor": "end" }, this.tick(value, this.step)),
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
  const days = market.rows;
  const [today, yesterday] = [days.at(-1), daysBefore(days, 1)];
  const amounts = money(market.currency);
  const chart = new Chart($("market-chart"));
  let [metric, period] = [METRICS[0], 365];

  const draw = () => {
    const series = days.map((day) => ({ time: day.time, value: day[metric.key] })).filter((day) => day.value !== null);
    const format = metric.format ? amounts[metric.format] : share;
    const tick = metric.format ? amounts.tick : shareTick;
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

/** What the market did; of another day than the page's it names that day. */
const headline = ({ today, change: moved, amounts }, edition) => {
  const worth = amounts.words(today.cap);
  const market = today.time === edition ? "The crypto market" : `On ${dayOnly(today.time)} the crypto market`;
  if (moved === null) return `${market} ${today.time === edition ? "is" : "was"} worth ${worth}.`;
  if (Math.abs(moved) < 0.25) return `${market} held steady at ${worth}.`;
  const by = unsigned(Math.abs(moved));
  return `${market} ${moved > 0 ? "rose" : "fell"} ${by} to ${worth}.`;
};

const summary = (today, coins, edition) => {
  const parts = [];
  if (today && today.ranked !== null && today.gainers !== null && today.losers !== null) {
    const when = today.time === edition ? "Within 24 hours" : "On that day";
    parts.push(`${when} ${whole(today.gainers)} of ${whole(today.ranked)} coins gained and ${whole(today.losers)} lost`);
    parts.push(today.median === null ? ". " : `; the median coin moved ${percent(today.median)}. `);
  }
  const moved = coins.filter((coin) => coin.day !== null).sort((a, b) => b.day - a.day);
  if (moved.length > 1) {
    const [best, worst] = [moved[0], moved.at(-1)];
    const which = today && today.time !== edition ? `Of the ten largest on ${dayOnly(edition)}, ` : "Of the ten largest, ";
    parts.push(which, el("bdi", {}, best.name), ` did best at ${percent(best.day)}, `, el("bdi", {}, worst.name), ` worst at ${percent(worst.day)}.`);
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
  address.pathname = address.pathname.replace("/large/", "/small/"); // 50 pixels for the 32 that are drawn
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
    trend: coin.month.length > 1 ? [sparkline(coin.month), el("span", { class: "second" }, change(coin.trend))] : [NONE],
  };
  const made = el("tr");
  // The whole row opens the coin, except while text in it is being selected.
  made.addEventListener("click", (event) => {
    if (!event.target.closest("a") && getSelection().isCollapsed) location.hash = encodeURIComponent(coin.id);
  });
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
    $("turn").setAttribute("aria-label", `Sorted ${sorting.order}: turn around`);
    $("turn").textContent = sorting.order === "ascending" ? "↑" : "↓";
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
  $("turn").addEventListener("click", () => sortBy(sorting.key, true));
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

/** When a file's figures are from: never later than its day, however late a rerun made the file. */
const momentOf = ({ rows, generatedAt, asOf }) =>
  Math.min(Math.max(0, ...rows.map((row) => row.updated ?? 0)) || Infinity, generatedAt ?? Infinity, asOf + DAY);

const isStale = (time) => Date.now() - time > STALE_AFTER;

const showFreshness = (time) => {
  const said = `${isStale(time) ? "Out of date: updated" : "Updated"} ${age(Date.now() - time)}`;
  const line = $("freshness");
  if (line.textContent === said) return;
  line.replaceChildren(el("time", { datetime: new Date(time).toISOString(), title: `${exactMoment(time)} UTC` }, said));
  line.dataset.state = isStale(time) ? "stale" : "fresh";
};

/** Says which figures are old, and whether newer ones are to be expected. */
const noticeAge = (files) => {
  const [oldest, newest] = [Math.min, Math.max].map((extreme) => extreme(...files.map(momentOf)));
  const edition = Math.max(...files.map((file) => file.asOf));
  const late = files.filter((file) => file.asOf < edition);
  document.querySelectorAll(".notice[data-kind=age]").forEach((said) => said.remove());
  if (isStale(newest)) {
    notice("age", el("strong", {}, "These figures are out of date."), ` They are from ${exactMoment(newest)} UTC; a new snapshot should come every day.`);
  }
  if (late.length && !isStale(oldest) && late.every((file) => edition - file.asOf <= DAY)) {
    notice("age", `An update is under way: ${files.map((file) => `${file.what} of ${dayAndMonth(file.asOf)}`).join(", ")}.`);
  } else {
    late.forEach((file) => notice("age", `The ${file.what} are of ${longDate(file.asOf)}: their last update failed.`));
  }
};

/** Keeps what is said of the figures' age true, and looks for newer ones while they are out of date. */
const watchAge = (files, look) => {
  const oldest = Math.min(...files.map(momentOf));
  let stale = isStale(oldest);
  showFreshness(oldest);
  noticeAge(files);
  setInterval(() => {
    showFreshness(oldest);
    if (stale !== isStale(oldest)) noticeAge(files);
    stale = isStale(oldest);
    if (stale && !document.hidden) look();
  }, 60_000);
};

const credit = (attribution) => {
  const said = text(attribution?.text, "Data provided by CoinGecko");
  let address = null;
  try {
    address = new URL(attribution.url);
  } catch { /* then the words alone */ }
  const linked = address?.protocol === "https:" && /(^|\.)coingecko\.com$/.test(address.hostname);
  return linked ? el("a", { href: address.href, rel: "noopener" }, said) : said;
};

const showSources = (files) => {
  // Made-up and real files may stand side by side; each source is credited once.
  const credits = [...new Map(files.map((file) => [file.source, credit(file.attribution)])).values()];
  $("attribution").replaceChildren(...credits.flatMap((said, i) => (i ? [" · ", said] : [said])));
  const synthetic = files.filter((file) => file.source === "synthetic");
  if (synthetic.length === 0) return;
  document.title = `Demo data: ${document.title}`;
  notice("demo", el("strong", {}, "Demo data."), synthetic.length === files.length
    ? " Every figure on this page is made up; none is a market price."
    : synthetic.map((file) => ` The ${file.what} are made up.`).join(""));
};

// ---- The page ---------------------------------------------------------------------------------------------

const show = async () => {
  const read = (cache) => Promise.allSettled(Object.keys(FILES).map((name) => load(name, cache)));
  const answers = await read();
  const [top, market, history] = answers.map((answer) => answer.value ?? null);
  const files = [top, market, history].filter((file) => file !== null);
  answers.forEach((answer) => { if (answer.reason) notice("broken", answer.reason.message); });

  /** Loads the page again where a newer file, or one that was missing, is published by now. */
  const look = async () => {
    const newer = ({ value }, i) => value?.generatedAt > (answers[i].value?.generatedAt ?? 0);
    if ((await read("no-cache")).some(newer)) location.reload();
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });

  if (files.length === 0) {
    $("freshness").textContent = "No data";
    $("freshness").dataset.state = "stale";
    $("headline").textContent = "There is nothing to show yet.";
    $("summary").textContent = "The first run of the daily pipeline will fill this page.";
    return;
  }

  showSources(files);
  watchAge(files, look);
  const edition = Math.max(...files.map((file) => file.asOf));
  const amounts = money(top?.currency);
  // While a run is being published, a file may still be in the currency of the day before.
  const prices = history?.currency === top?.currency ? history?.rows : null;
  const coins = top ? withHistories(top.rows, prices ?? [], top.asOf) : [];
  $("edition").textContent = fullDate(edition);
  $("market").hidden = !market;
  const totals = market && showMarket(market);
  $("headline").textContent = totals ? headline(totals, edition) : top ? "The ten largest coins" : "There is nothing to show yet.";
  $("summary").replaceChildren(...summary(totals?.today, top?.asOf === edition ? coins : [], edition));
  $("coins").hidden = !top;
  if (top) showDetails(coins, showCoins(coins, amounts), amounts);
};

try {
  await show();
} catch (error) {
  notice("broken", "The figures cannot be shown: they are not what this page expects.");
  console.warn(error);
}
document.body.dataset.state = "ready";
