// What the data are: how old, whether made up, and whose.

import { $, el } from "./dom.js";
import { DAY, age, dayAndMonth, exactMoment, longDate } from "./format.js";

/** @typedef {import("./data.js").AnyFile} AnyFile */

// A new snapshot comes every 24 hours and may be two hours old by then; six hours of grace.
const STALE_AFTER = 32 * 3_600_000;

/**
 * @param {string} kind
 * @param {...import("./dom.js").Child} content
 */
export const notice = (kind, ...content) => $("notices").append(el("p", { class: "notice", "data-kind": kind }, ...content));

/**
 * When a file's figures are from: never later than its day, however late a rerun made the file.
 * @param {AnyFile} file
 */
const momentOf = ({ updated, generatedAt, asOf }) =>
  Math.min(updated ?? Infinity, generatedAt ?? Infinity, asOf + DAY);

/** @param {number} time */
const isStale = (time) => Date.now() - time > STALE_AFTER;

/** @param {number} time */
const showFreshness = (time) => {
  const said = `${isStale(time) ? "Out of date: updated" : "Updated"} ${age(Date.now() - time)}`;
  const line = $("freshness");
  if (line.textContent === said) return;
  line.replaceChildren(el("time", { datetime: new Date(time).toISOString(), title: `${exactMoment(time)} UTC` }, said));
  line.dataset.state = isStale(time) ? "stale" : "fresh";
};

/**
 * Says which figures are old, and whether newer ones are to be expected.
 * @param {AnyFile[]} files
 */
const noticeAge = (files) => {
  const [oldest, newest] = [Math.min, Math.max].map((extreme) => extreme(...files.map(momentOf)));
  const edition = Math.max(...files.map((file) => file.asOf));
  const late = files.filter((file) => file.asOf < edition);
  document.querySelectorAll(".notice[data-kind=age]").forEach((said) => said.remove());
  if (isStale(newest)) {
    const since = ` They are from ${exactMoment(newest)} UTC; a new snapshot should come every day.`;
    notice("age", el("strong", {}, "These figures are out of date."), since);
  }
  if (late.length && !isStale(oldest) && late.every((file) => edition - file.asOf <= DAY)) {
    notice("age", `An update is under way: ${files.map((file) => `${file.what} of ${dayAndMonth(file.asOf)}`).join(", ")}.`);
  } else {
    late.forEach((file) => notice("age", `The ${file.what} are of ${longDate(file.asOf)}: their last update failed.`));
  }
};

/**
 * Keeps what is said of the figures' age true, and looks for newer ones while they are out of date.
 * @param {AnyFile[]} files
 * @param {() => void} look
 */
export const watchAge = (files, look) => {
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

/** @param {any} attribution */
const credit = (attribution) => {
  const said = typeof attribution?.text === "string" ? attribution.text.trim() : "";
  const words = said || "Data provided by CoinGecko";
  const address = URL.parse(String(attribution?.url));
  const linked = address?.protocol === "https:" && /(^|\.)coingecko\.com$/.test(address.hostname);
  return linked ? el("a", { href: address.href, rel: "noopener" }, words) : words;
};

/**
 * Credits each source once, and marks demo data. Made-up and real files may stand side by side.
 * @param {AnyFile[]} files
 */
export const showSources = (files) => {
  const credits = [...new Map(files.map((file) => [file.source, credit(file.attribution)])).values()];
  $("attribution").replaceChildren(...credits.flatMap((said, i) => (i ? [" · ", said] : [said])));
  const synthetic = files.filter((file) => file.source === "synthetic");
  if (synthetic.length === 0) return;
  document.title = `Demo data: ${document.title}`;
  const which = synthetic.length === files.length
    ? " Every figure on this page is made up; none is a market price."
    : synthetic.map((file) => ` The ${file.what} are made up.`).join("");
  notice("demo", el("strong", {}, "Demo data."), which);
};
