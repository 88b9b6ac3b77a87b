// Charts of the operations page, from the time it was opened: nothing is kept. Times are written as console.js does.
"use strict";

const SECONDS = 5, POINTS = 360, SHORTEST = 300;
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];

function charted(place, times, values) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const colours = ["--accent", "--ok", "--personal", "--muted"].map(colour);
  const series = place.dataset.series.split("|").map((label, at) => ({ label, stroke: colours[at], width: 2, dash: DASHES[at] }));
  const options = {
    width: place.clientWidth, height: 180, cursor: { show: false }, legend: { show: false },
    scales: { x: { range: () => [Math.min(times[0], times.at(-1) - SHORTEST), times.at(-1)] }, y: { range: (plot, low, high) => [0, Math.max(high || 0, 1)] } },
    axes: [{ ...axis, values: (plot, at) => at.map((second) => sameDay.format(new Date(second * 1000))) }, { ...axis, size: 64 }], series: [{}, ...series],
  };
  return new uPlot(options, [times, ...values], place);
}

function legend(place) {
  const list = document.createElement("p");
  list.className = "note";
  list.textContent = place.dataset.series.split("|").map((name, at) => `${["—", "- -", "···", "-·-"][at]} ${name}`).join("   ");
  place.after(list);
}

document.addEventListener("DOMContentLoaded", () => {
  const section = document.querySelector("[data-charts]");
  if (!section) return;
  section.hidden = false;
  const places = Object.fromEntries([...section.querySelectorAll("[data-chart]")].map((place) => [place.dataset.chart, place]));
  const times = [], waiting = places.waiting.dataset.series.split("|").map(() => []), rows = [[]];
  const plots = {};
  legend(places.waiting);

  function draw() {
    for (const [name, values] of [["waiting", waiting], ["rows", rows]]) {
      plots[name]?.destroy();
      plots[name] = charted(places[name], times, values);
    }
  }

  async function look() {
    if (document.hidden) return;
    const answer = await fetch(section.dataset.charts, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || !answer.headers.get("content-type").startsWith("application/json")) return;
    const figures = await answer.json();
    times.push(figures.at);
    figures.waiting.forEach((value, at) => waiting[at].push(value));
    rows[0].push(figures.rows_per_second);
    if (times.length > POINTS) for (const kept of [times, ...waiting, ...rows]) kept.shift();
    draw();
  }

  look();
  setInterval(look, SECONDS * 1000);
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
});
