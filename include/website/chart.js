// Lines over days: a chart to read day by day, and a small line without words.

import { choices, el, fill, svg, within } from "./dom.js";
import { DAY, dayAndMonth, longDate, monthAndYear } from "./format.js";

/** @typedef {import("./data.js").Point} Point */
/** @typedef {(value: number) => number} Scale */
/** @typedef {{value: number, label: string}} Period A number of days, and what it is called. */
/**
 * @typedef {object} Reading What is drawn, and how its values read.
 * @property {string} name
 * @property {import("./format.js").ScaledFormat} format
 * @property {(value: number, step: number) => string} tick
 */

const GUTTER = 56; // pixels right of a line for the scale; style.css leaves them out of the slider

/**
 * Three to five round numbers within a range, and the step between them.
 * @param {number} low
 * @param {number} high
 */
const ticks = (low, high) => {
  const rough = (high - low) / 4 || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power;
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return { step, values: Array.from({ length: count }, (_, i) => (first + i) * step) };
};

/**
 * An SVG path; where days are missing the line is broken rather than invented.
 * @param {Point[]} series
 * @param {Scale} x
 * @param {Scale} y
 */
const path = (series, x, y) =>
  series
    .map((day, i) => {
      const begins = i === 0 || day.time - series[i - 1].time > DAY;
      return `${begins ? "M" : "L"}${x(day.time).toFixed(1)} ${y(day.value).toFixed(1)}`;
    })
    .join("");

/**
 * @param {Point[]} series
 * @param {number} width
 * @param {number} top
 * @param {number} bottom
 */
const scales = (series, width, top, bottom) => {
  const values = series.map((day) => day.value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.01 || 1;
  const [from, to] = [low - margin, high + margin];
  const [start, end] = [series[0].time, series[series.length - 1].time];
  return {
    from,
    to,
    x: (/** @type {number} */ time) => (end === start ? width / 2 : ((time - start) / (end - start)) * width),
    y: (/** @type {number} */ value) => bottom - ((value - from) / (to - from)) * (bottom - top),
  };
};

/** @param {Point[]} series */
export const sparkline = (series) => {
  const [width, height] = [112, 32];
  const { x, y } = scales(series, width - 6, 2, height - 2);
  const last = series[series.length - 1];
  return svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": true, focusable: false },
    svg("path", { d: path(series, x, y) }),
    svg("circle", { cx: x(last.time), cy: y(last.value), r: 2.5 }),
  );
};

/**
 * The stretches of days without a gap.
 * @param {Point[]} series
 */
const runs = (series) => {
  /** @type {Point[][]} */
  const found = [];
  series.forEach((day, i) => {
    if (i && day.time - series[i - 1].time <= DAY) found[found.length - 1].push(day);
    else found.push([day]);
  });
  return found.filter((run) => run.length > 1);
};

/** A line over days with a read-out that follows pointer, finger and arrow keys. */
export class Chart {
  /** @type {Point[]} */
  #series = [];
  /** @type {Reading | null} */
  #reading = null;
  #step = 0;
  /** @type {{x: Scale, y: Scale} | null} */
  #scales = null;
  #observer = new ResizeObserver(() => this.#draw());
  #slider = el("input", { type: "range" });
  #picture = svg("svg", { "aria-hidden": true, focusable: false });
  #rule = svg("line", { class: "rule" });
  #dot = svg("circle", { class: "dot", r: 4.5 });

  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.readout = within(figure, ".readout");
    this.plot = within(figure, ".plot");
    this.ranges = within(figure, ".ranges");
    this.#observer.observe(this.plot);
    this.#slider.addEventListener("input", () => this.#point(this.#slider.valueAsNumber));
    // Not the slider's own pointing: that counts days, and is off where some are missing.
    for (const kind of /** @type {const} */ (["pointerdown", "pointermove"])) {
      this.plot.addEventListener(kind, (event) => {
        if (this.#series.length > 1) this.#point(this.#nearest(event));
      });
    }
    // A finger leaves the chart when it is lifted; what it chose stays to be read.
    this.plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && this.#series.length > 1) this.#point(this.#series.length - 1);
    });
    this.plot.addEventListener("click", () => this.#slider.focus({ preventScroll: true }));
  }

  /**
   * @param {Point[]} series
   * @param {Reading} reading
   */
  show(series, reading) {
    this.#series = series;
    this.#reading = reading;
    if (series.length < 2) return this.#showTooShort();
    const { from, to } = scales(series, 1, 0, 1);
    this.#step = ticks(from, to).step;
    const last = series.length - 1;
    fill(this.#slider, { min: 0, max: last, step: 1, "aria-label": `${reading.name}, day by day` });
    this.#slider.value = String(last);
    this.plot.replaceChildren(this.#picture, this.#slider);
    this.#draw();
    this.#point(last);
  }

  #showTooShort() {
    const only = this.#series[0];
    this.readout.replaceChildren(only ? this.#said(only) : this.#reading?.name ?? "");
    const why = only ? "One day so far: the line begins with the second." : "There is no history to draw.";
    this.plot.replaceChildren(el("p", { class: "too-short" }, why));
  }

  /** @param {PointerEvent} event */
  #nearest(event) {
    const box = this.#slider.getBoundingClientRect();
    const [start, end] = [this.#series[0].time, this.#series[this.#series.length - 1].time];
    const time = start + ((event.clientX - box.left) / box.width) * (end - start);
    let best = 0;
    this.#series.forEach((day, i) => {
      if (Math.abs(day.time - time) < Math.abs(this.#series[best].time - time)) best = i;
    });
    return best;
  }

  /** @param {Point} day */
  #value(day) {
    return this.#reading?.format(day.value, this.#series.length > 1 ? this.#step : undefined) ?? "";
  }

  /** @param {Point} day */
  #said(day) {
    return el("span", {}, el("strong", {}, this.#value(day)), ` ${longDate(day.time)}`);
  }

  /** @param {number} index */
  #point(index) {
    const day = this.#series[index];
    this.#slider.value = String(index);
    this.#slider.setAttribute("aria-valuetext", `${longDate(day.time)}: ${this.#value(day)}`);
    this.readout.replaceChildren(this.#said(day));
    if (!this.#scales) return;
    const [x, y] = [this.#scales.x(day.time), this.#scales.y(day.value)];
    fill(this.#rule, { x1: x, x2: x });
    fill(this.#dot, { cx: x, cy: y });
  }

  #draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (this.#series.length < 2 || !width) return;
    const bottom = height - 24;
    const { x, y, from, to } = scales(this.#series, width - GUTTER, 12, bottom);
    this.#scales = { x, y };
    const area = runs(this.#series)
      .map((run) => `${path(run, x, y)}L${x(run[run.length - 1].time)} ${bottom}L${x(run[0].time)} ${bottom}Z`)
      .join("");
    fill(this.#rule, { y1: 8, y2: bottom });
    this.#picture.replaceChildren(
      ...ticks(from, to).values.map((value) => this.#gridLine(value, width, y(value))),
      svg("line", { class: "base", x1: 0, x2: width, y1: bottom, y2: bottom }),
      ...this.#dates(width - GUTTER, x, height - 6),
      svg("path", { class: "area", d: area }),
      svg("path", { class: "line", d: path(this.#series, x, y) }),
      this.#rule,
      this.#dot,
    );
    fill(this.#picture, { viewBox: `0 0 ${width} ${height}` });
    this.#point(this.#slider.valueAsNumber);
  }

  /**
   * @param {number} value
   * @param {number} width
   * @param {number} y
   */
  #gridLine(value, width, y) {
    return svg(
      "g",
      {},
      svg("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }),
      svg("text", { x: width, y: y - 5, "text-anchor": "end" }, this.#reading?.tick(value, this.#step) ?? ""),
    );
  }

  /**
   * @param {number} width
   * @param {Scale} x
   * @param {number} y
   */
  #dates(width, x, y) {
    const [start, end] = [this.#series[0].time, this.#series[this.#series.length - 1].time];
    const count = Math.max(2, Math.min(6, Math.floor(width / 110), (end - start) / DAY + 1));
    const label = end - start > 200 * DAY ? monthAndYear : dayAndMonth;
    return Array.from({ length: count }, (_, i) => {
      const time = start + Math.round(((end - start) * i) / (count - 1) / DAY) * DAY;
      const anchor = i === 0 ? "start" : i === count - 1 ? "end" : "middle";
      return svg("text", { x: x(time), y, "text-anchor": anchor }, label(time));
    });
  }
}

/**
 * The periods that a series is long enough for, and "all" of it.
 * @param {{time: number}[]} series
 * @param {Period[]} lengths
 */
export const periods = (series, lengths) => {
  const span = series.length ? (series[series.length - 1].time - series[0].time) / DAY : 0;
  return lengths.filter((_, i) => i === 0 || span > lengths[i - 1].value);
};

/**
 * The last days of a series.
 * @template {{time: number}} T
 * @param {T[]} series
 * @param {number} days
 */
export const lastDays = (series, days) =>
  series.filter((day) => day.time >= series[series.length - 1].time - days * DAY);

/**
 * Offers the periods of a chart; one alone is no choice.
 * @param {Chart} chart
 * @param {string} name
 * @param {Period[]} lengths
 * @param {number} selected
 * @param {(days: number) => void} chosen
 */
export const offerPeriods = (chart, name, lengths, selected, chosen) => {
  chart.ranges.hidden = lengths.length < 2;
  choices(chart.ranges, name, lengths, selected, chosen);
};
