// Draws the charts of a load with uPlot. What it draws is in the element "data"; all text of
// the page is there without it.
"use strict";
const fipsim = (() => {
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  // 0.00123 → 1.23ms
  const span = (s) => {
    if (s == null) return "";
    if (s === 0) return "0";
    const [unit, by] = s < 1e-3 ? ["µs", 1e6] : s < 1 ? ["ms", 1e3] : s < 120 ? ["s", 1] : s < 7200 ? ["min", 1 / 60] : ["h", 1 / 3600];
    return Number((s * by).toPrecision(3)) + unit;
  };
  const count = (n) => n == null ? "" : Number(n.toPrecision(4)).toLocaleString("en").replaceAll(",", "\u202f");
  const size = (box) => ({width: Math.max(box.clientWidth, 200), height: 240});
  const axis = (more) => ({stroke: color("dim"), grid: {stroke: color("line"), width: 1}, ticks: {stroke: color("line"), width: 1}, ...more});
  const time = () => axis({values: (_, at) => at.map(span), space: 60});
  const line = (label, name, more) => ({label, stroke: color(name), width: 1.5, points: {show: false}, value: (_, v) => count(v), spanGaps: true, ...more});
  const sync = (d) => ({key: d.id, setSeries: false});
  const clock = {label: "at", value: (_, v) => span(v)};

  // A log scale that shows whole decades.
  const decades = (values) => () => {
    let low = Infinity, high = 0;
    for (const list of values) for (const v of list) if (v > 0) { low = Math.min(low, v); high = Math.max(high, v); }
    if (!high) return [1e-3, 1];
    low = 10 ** Math.floor(Math.log10(low) + 1e-9);
    high = 10 ** Math.ceil(Math.log10(high) - 1e-9);
    return [low, high > low ? high : low * 10];
  };
  const logAxis = () => axis({size: 58, values: (_, at) => at.map(span), splits: (_, __, low, high) => {
    const at = [];
    for (let e = Math.round(Math.log10(low)); e <= Math.round(Math.log10(high)); e++) at.push(10 ** e);
    return at;
  }});
  const whole = (_, low, high) => [0, Math.max(high || 0, 1) * 1.05];
  const mid = (d) => d.at.map((at, i) => at + d.took[i] / 2);
  const last = (d) => d.at.length ? d.at.at(-1) + d.took.at(-1) : 1;
  const over = (d) => ({time: false, range: () => [0, last(d)]});

  const kinds = {
    rate: (d) => ({
      data: [d.rates.at, d.rates.meant, d.rates.ok, d.rates.failed, d.rates.wrong],
      options: {
        scales: {x: over(d), y: {range: whole}},
        axes: [time(), axis({size: 58})],
        series: [clock, line("starts", "start", {dash: [4, 4]}), line("ok", "pass", {fill: color("pass") + "22"}), line("failed", "fail"), line("wrong", "error")],
      },
    }),
    latency: (d) => ({
      data: [mid(d), d.p50, d.p90, d.p99, d.max],
      options: {
        scales: {x: over(d), y: {distr: 3, range: decades([d.p50, d.max])}},
        axes: [time(), logAxis()],
        series: [clock, ...[["p50", "p50"], ["p90", "p90"], ["p99", "p99"], ["max", "max"]].map(([label, name]) =>
          line(label, name, {value: (_, v) => span(v), points: {show: d.at.length < 40, size: 4}, ...(name === "max" && {dash: [2, 3]})}))],
      },
    }),
    heat: (d, box) => {
      const used = [];
      d.heat.forEach((column) => column.forEach((n, row) => { if (n) used.push(low(d, row), high(d, row)); }));
      return {
        data: [mid(d), d.p50],
        options: {
          legend: {show: false},
          scales: {x: over(d), y: {distr: 3, range: decades([used])}},
          axes: [time(), logAxis()],
          series: [clock, {stroke: "transparent", points: {show: false}}],
          hooks: {drawAxes: [(u) => paint(u, d)], setCursor: [(u) => tell(u, d, box)]},
        },
      };
    },
    flight: (d) => ({
      data: [mid(d), d.inflight, d.queued],
      options: {
        scales: {x: over(d), y: {range: whole}},
        axes: [time(), axis({size: 58})],
        series: [clock, line("under way", "p90", {fill: color("p90") + "22"}), line("waiting", "warning", {dash: [4, 3]})],
      },
    }),
    health: (d) => ({
      data: [mid(d), d.lag.map((v) => v > 0 ? v : null), d.cpu, d.drops],
      options: {
        scales: {x: over(d), y: {distr: 3, range: decades([d.lag, [1e-3, 0.1]])}, percent: {range: [0, 100]}, drops: {range: whole}},
        axes: [time(), logAxis(), axis({scale: "percent", side: 1, size: 48, grid: {show: false}, values: (_, at) => at.map((v) => v + "%")})],
        series: [clock, line("latest timer", "warning", {value: (_, v) => span(v)}),
          line("processors", "p90", {scale: "percent", value: (_, v) => v == null ? "" : v.toFixed(0) + "%"}),
          line("datagrams lost", "fail", {scale: "drops"})],
      },
    }),
  };

  const low = (d, row) => row ? d.bounds[row - 1] : d.bounds[0] / 2;
  const high = (d, row) => row < d.bounds.length ? d.bounds[row] : 2 * d.bounds.at(-1);

  const paint = (u, d) => {
    const most = Math.max(1, ...d.heat.flat());
    const {left, top, width, height} = u.bbox;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(left, top, width, height);
    u.ctx.clip();
    const rgb = color("heat");
    d.heat.forEach((column, i) => {
      const x = u.valToPos(d.at[i], "x", true), w = u.valToPos(d.at[i] + d.took[i], "x", true) - x;
      column.forEach((n, row) => {
        if (!n) return;
        const y = u.valToPos(high(d, row), "y", true), h = u.valToPos(low(d, row), "y", true) - y;
        u.ctx.fillStyle = `rgb(${rgb} / ${0.12 + 0.88 * Math.log1p(n) / Math.log1p(most)})`;
        u.ctx.fillRect(x, y, Math.max(w, 1) + 0.5, Math.max(h, 1) + 0.5);
      });
    });
    u.ctx.restore();
  };

  const tell = (u, d, box) => {
    const out = box.parentElement.querySelector(".readout");
    const {left, top} = u.cursor;
    if (!(left >= 0)) { out.textContent = ""; return; }
    const at = u.posToVal(left, "x"), took = u.posToVal(top, "y");
    const i = d.at.findLastIndex((from) => from <= at);
    const row = d.bounds.findIndex((bound) => took <= bound);
    const n = d.heat[i]?.[row];
    out.textContent = n ? `at ${span(d.at[i])}: ${count(n)} took ${span(low(d, row))} to ${span(high(d, row))}` : "";
  };

  // ---- the charts of the page

  const plots = new Map(); // element → uPlot
  let all = new Map();     // report → its data

  const paper = {width: 640, height: 170};
  const draw = (box, fixed) => {
    const d = all.get(box.dataset.report);
    plots.get(box)?.destroy();
    plots.delete(box);
    if (!d || !d.at) return;
    const {data, options} = kinds[box.dataset.chart](d, box);
    plots.set(box, new uPlot({...size(box), ...fixed, cursor: {sync: sync(d), drag: {x: false, y: false}}, ...options}, data, box));
  };
  const drawAll = (fixed) => document.querySelectorAll(".chart").forEach((box) => draw(box, fixed));
  const read = (page) => { all = new Map((JSON.parse(page.getElementById("data").textContent) ?? []).map((d) => [d.id, d])); };

  read(document);
  drawAll();
  let wide = document.documentElement.clientWidth, soon = 0;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === wide) return; // a phone's address bar went
    wide = document.documentElement.clientWidth;
    clearTimeout(soon);
    soon = setTimeout(() => drawAll(), 100);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  // Paper is white, and narrower than a screen.
  matchMedia("print").addEventListener("change", (print) => drawAll(print.matches ? paper : {}));
  addEventListener("beforeprint", () => drawAll(paper));
  addEventListener("afterprint", () => drawAll());

  return {update: (page) => { read(page); drawAll(); }};
})();
