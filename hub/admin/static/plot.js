// Draws the sync latency: p50, p95, p99 by minute on a logarithmic scale, the goal as a dashed line, gaps where no sale
// came. Colours are the page's custom properties, so a change of theme is one redraw. The table beside it says the same.
(() => {
  "use strict";
  const place = document.querySelector("[data-plot]");
  if (!place || typeof uPlot === "undefined") return;
  const texts = place.dataset;
  const readout = document.getElementById("plot-readout");
  const empty = place.querySelector(".empty");
  const EVERY_MS = 5_000;
  let plot = null;
  let last = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const ms = (value) => (value >= 1000 ? `${number.format(Math.round(value / 100) / 10)} s` : `${number.format(Math.round(value))} ms`);
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: texts.zone });
  const time = (seconds) => clock.format(new Date(seconds * 1000));

  // whole decades around the data and the goal, at least from 10 ms to 10 s
  function range(data) {
    const values = [data.goal_ms, ...data.p50, ...data.p95, ...data.p99].filter((value) => value !== null);
    const low = Math.min(10, ...values);
    const high = Math.max(data.goal_ms * 2, ...values);
    return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))];
  }

  // In a hub's first hour the plot begins some minutes before the first sale: an hour of nothing hides what there is.
  function begun(data) {
    const first = data.count.findIndex((count) => count > 0);
    const from = first < 0 ? 0 : Math.max(0, Math.min(first - 5, data.count.length - 15));
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Array.isArray(value) ? value.slice(from) : value]));
  }

  function goalLine(u) {
    const { ctx, bbox } = u;
    const y = Math.round(u.valToPos(last.goal_ms, "y", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = colour("--plot-goal");
    ctx.fillStyle = colour("--plot-goal");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `600 ${11.5 * devicePixelRatio}px ${colour("--font")}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour("--card"); // a halo, so that lines behind the words do not cross them out
    ctx.strokeText(texts.goal, bbox.left + 6 * devicePixelRatio, y - 4 * devicePixelRatio);
    ctx.fillText(texts.goal, bbox.left + 6 * devicePixelRatio, y - 4 * devicePixelRatio);
    ctx.restore();
  }

  function say(u) {
    if (!readout || !last) return;
    const at = u && u.cursor.idx;
    if (at === null || at === undefined) { readout.textContent = texts.hint; return; }
    readout.textContent = last.p95[at] === null
      ? `${time(last.minutes[at])} · ${texts.none}`
      : `${time(last.minutes[at])} · p50 ${ms(last.p50[at])} · p95 ${ms(last.p95[at])} · p99 ${ms(last.p99[at])} · ${number.format(last.count[at])} ${texts.sales}`;
  }

  function options() {
    const line = (name, width) => ({
      label: name, stroke: colour(`--plot-${name.slice(1)}`), width, spanGaps: false,
      points: { show: true, size: 4, fill: colour(`--plot-${name.slice(1)}`), width: 0 },
    });
    const axis = {
      stroke: colour("--ink-3"), font: `12px ${colour("--font")}`,
      grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false },
    };
    return {
      width: place.clientWidth, height: place.clientHeight, legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), texts.zone), padding: [8, 18, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true }, y: { distr: 3, range: range(last) } },
      axes: [
        { ...axis, grid: { show: false }, size: 26, gap: 6, space: 64, values: (u, splits) => splits.map(time) },
        // every decade has a line; between them the fine ones of the log scale would only be noise
        { ...axis, size: 58, gap: 6, values: (u, splits) => splits.map(ms), splits: (u, i, low, high) => {
          const marks = [];
          for (let value = low; value <= high * 1.001; value *= 10) marks.push(value);
          return marks;
        } },
      ],
      series: [{}, line("p50", 1.5), line("p95", 2.5), line("p99", 1.5)],
      hooks: { draw: [goalLine], setCursor: [say] },
    };
  }

  function draw() {
    if (!last) return;
    if (plot) plot.destroy();
    plot = new uPlot(options(), [last.minutes, last.p50, last.p95, last.p99], place);
    plot.root.setAttribute("aria-hidden", "true");
    if (empty) empty.hidden = last.count.some((count) => count > 0);
    say(null);
  }

  let reading = false;
  let readAt = 0;
  async function read() {
    if (reading) return;
    reading = true;
    try {
      const answer = await fetch("/latency.json", { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      last = begun(await answer.json());
      readAt = Date.now();
      const bounds = range(last);
      const [low, high] = plot ? [plot.scales.y.min, plot.scales.y.max] : [0, 0];
      if (plot && bounds[0] === low && bounds[1] === high) {
        plot.setData([last.minutes, last.p50, last.p95, last.p99]);
        if (empty) empty.hidden = last.count.some((count) => count > 0);
      } else draw();
    } catch { /* the connection sign tells it, the next change tries again */ } finally { reading = false; }
  }

  // A burst of sales is one reading, and the last sale of a burst is in it.
  let planned = 0;
  document.body.addEventListener("live-sales", () => {
    if (planned) return;
    planned = setTimeout(() => { planned = 0; read(); }, Math.max(0, EVERY_MS - (Date.now() - readAt)));
  });
  setInterval(() => { if (!document.hidden) read(); }, 15_000);
  window.addEventListener("themechange", draw);
  new ResizeObserver(() => { if (plot && place.clientWidth) plot.setSize({ width: place.clientWidth, height: place.clientHeight }); }).observe(place);
  (document.fonts ? document.fonts.ready : Promise.resolve()).then(read);
})();
