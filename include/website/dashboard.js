// Shows data/top10_cryptos.json and data/market_history.json. Every value is set as text, never as HTML.

const load = async (name) => {
  const answer = await fetch(`data/${name}.json`);
  if (!answer.ok) throw new Error(`data/${name}.json: ${answer.status}`);
  return answer.json();
};

const element = (tag, text, className) => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};

const money = (currency, options) =>
  new Intl.NumberFormat("en", { style: "currency", currency: currency.toUpperCase(), ...options });
const large = (currency) => money(currency, { notation: "compact", maximumFractionDigits: 2 });
const price = (currency, value) =>
  money(currency, value >= 1 ? {} : { maximumSignificantDigits: 4, maximumFractionDigits: 12 }).format(value);
const percent = (value) => (value === null ? "–" : `${value >= 0 ? "+" : ""}${value.toFixed(2)} %`);

const showCoins = ({ coins, currency }) => {
  document.getElementById("coins").replaceChildren(
    ...coins.map((coin) => {
      const row = document.createElement("tr");
      const name = element("td", coin.name ?? coin.coin_id);
      name.append(element("span", coin.symbol ?? "", "symbol"));
      const change = coin.price_change_percentage_24h;
      row.append(
        element("td", coin.rank, "number"),
        name,
        element("td", price(currency, coin.current_price), "number"),
        element("td", percent(change), `number ${change === null ? "" : change >= 0 ? "up" : "down"}`),
        element("td", large(currency).format(coin.market_cap), "number"),
        element("td", `${coin.market_share_pct.toFixed(2)} %`, "number"),
        element("td", coin.total_volume === null ? "–" : large(currency).format(coin.total_volume), "number"),
      );
      return row;
    }),
  );
};

const showMarket = ({ days, currency }) => {
  const last = days.at(-1);
  const share = (value) => (value === null ? "–" : `${value.toFixed(2)} %`);
  document.getElementById("market").replaceChildren(
    ...[
      ["Market cap", large(currency).format(last.total_market_cap)],
      ["Volume, 24 h", last.total_volume === null ? "–" : large(currency).format(last.total_volume)],
      ["Bitcoin's share", share(last.btc_dominance_pct)],
      ["Ether's share", share(last.eth_dominance_pct)],
      ["Median change, 24 h", percent(last.median_change_24h_pct)],
      ["Coins", last.coins],
    ].map(([term, value]) => {
      const item = document.createElement("div");
      item.append(element("dt", term), element("dd", value));
      return item;
    }),
  );
  if (days.length < 2) return;
  const values = days.map((day) => day.total_market_cap);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const times = days.map((day) => Date.parse(day.dt));
  const x = (time) => (600 * (time - times[0])) / (times.at(-1) - times[0]);
  const y = (value) => 150 - (140 * (value - low)) / (high - low || 1);
  const figure = document.getElementById("history");
  figure.querySelector("polyline").setAttribute("points", values.map((value, i) => `${x(times[i])},${y(value)}`).join(" "));
  figure.querySelector("figcaption").textContent =
    `Total market cap, ${days[0].dt} to ${last.dt}: ${large(currency).format(low)} to ${large(currency).format(high)}`;
  figure.hidden = false;
};

const notice = (text) => {
  const line = document.getElementById("as-of");
  line.textContent = text;
  line.classList.add("notice");
};

try {
  const top10 = await load("top10_cryptos");
  showCoins(top10);
  const attribution = document.getElementById("attribution");
  attribution.textContent = top10.attribution.text;
  document.getElementById("as-of").textContent = `As of ${top10.as_of} (UTC)`;
  if (top10.source === "synthetic") notice(`Demo data, made up, as of ${top10.as_of} (UTC)`);
  showMarket(await load("market_history"));
} catch (error) {
  notice(`There is no data to show yet, or it cannot be read (${error.message}).`);
}
