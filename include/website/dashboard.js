// The dashboard: reads data/*.json, which the daily DAG writes, and shows them.

import { Table } from "./coins.js";
import { load, withHistories } from "./data.js";
import { Detail } from "./detail.js";
import { $ } from "./dom.js";
import { fullDate, money } from "./format.js";
import { notice, showSources, watchAge } from "./freshness.js";
import { headline, showMarket, summary } from "./market.js";

/** @param {RequestCache} [cache] */
const read = (cache) =>
  Promise.allSettled([load("top10_cryptos", cache), load("market_history", cache), load("coin_history", cache)]);

/**
 * @template T
 * @param {PromiseSettledResult<T>} answer
 * @returns {T | null}
 */
const valueOf = (answer) => (answer.status === "fulfilled" ? answer.value : null);

/**
 * Loads the page again where a newer file, or one that was missing, is published by now.
 * @param {import("./data.js").AnyFile[]} shown
 */
const lookForNewer = async (shown) => {
  const generatedAt = new Map(shown.map((file) => [file.what, file.generatedAt]));
  const files = (await read("no-cache")).map((answer) => valueOf(/** @type {PromiseSettledResult<import("./data.js").AnyFile>} */ (answer)));
  const newer = files.some((file) => file && Number(file.generatedAt) > (generatedAt.get(file.what) ?? 0));
  if (newer) location.reload();
};

const showNothing = () => {
  $("freshness").textContent = "No data";
  $("freshness").dataset.state = "stale";
  $("headline").textContent = "There is nothing to show yet.";
  $("summary").textContent = "The first run of the daily pipeline will fill this page.";
};

const show = async () => {
  const answers = await read();
  const [top, market, history] = [valueOf(answers[0]), valueOf(answers[1]), valueOf(answers[2])];
  const files = [top, market, history].filter((file) => file !== null);
  for (const answer of answers) if (answer.status === "rejected") notice("broken", answer.reason.message);
  const look = () => lookForNewer(files);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  if (files.length === 0) return showNothing();

  showSources(files);
  watchAge(files, look);
  const edition = Math.max(...files.map((file) => file.asOf));
  // While a run is being published, a file may still be in the currency of the day before.
  const prices = history && history.currency === top?.currency ? history.rows : [];
  const coins = top ? withHistories(top.rows, prices, top.asOf) : [];
  $("edition").textContent = fullDate(edition);
  $("market").hidden = !market;
  const totals = market && showMarket(market);
  const without = top ? "The ten largest coins" : "There is nothing to show yet.";
  $("headline").textContent = totals ? headline(totals, edition) : without;
  $("summary").replaceChildren(...summary(totals?.today, top?.asOf === edition ? coins : [], edition));
  $("coins").hidden = !top;
  if (!top) return;
  const amounts = money(top.currency);
  new Detail(new Table(coins, amounts), amounts).follow();
};

try {
  await show();
} catch (error) {
  notice("broken", "The figures cannot be shown: they are not what this page expects.");
  console.warn(error);
}
document.body.dataset.state = "ready";
