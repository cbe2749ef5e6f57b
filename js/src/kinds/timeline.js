// Events over time in lanes: columns of counts from afar, single marks from near.
import { density, lowerBound, places } from "../bins.js";
import { column, lookUp, sums, text } from "../decode.js";
import { button, fields, make } from "../dom.js";
import { darkQuery, palette, rgb } from "../palette.js";
import { clock, count, day, duration, stamp, tick } from "../times.js";

const SINGLE_MARKS = 3000; // up to this many events in view are drawn one by one
const COLUMN = 2; // CSS pixels per counted column
const RIGHT = 20;
const AXIS = 26;
const SLIDER = 44;
const BINS = 240;

class Timeline {
  constructor(figure, plot, spec, blobs) {
    this.spec = spec;
    this.plot = plot;
    this.unit = spec.unit_us / 1000;
    this.times = sums(blobs.deltas, spec.events, spec.first_us / 1000, this.unit);
    this.lanes = blobs.lanes;
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.laneHeight = laneHeight(spec.lanes.length);
    this.height = this.laneHeight * spec.lanes.length;
    const [first, last] = [this.times[0], this.times[this.times.length - 1]];
    const margin = Math.max((last - first) * 0.015, this.unit, last > first ? 0 : 1000);
    this.domain = [first - margin, last + margin];
    this.view = this.firstView(margin);
    this.chosen = -1;
    this.build(figure);
  }

  // Everything, unless a few far-off times (1601, 1970 ...) would crowd the others into a corner.
  firstView(margin) {
    const { times, domain } = this;
    const low = times[Math.floor(times.length * 0.01)];
    const high = times[Math.ceil(times.length * 0.99) - 1];
    this.crowded = times.length >= 50 && (high - low) * 100 < domain[1] - domain[0];
    if (!this.crowded) return [...domain];
    const around = Math.max((high - low) * 0.05, Math.min(margin, 1000));
    return [Math.max(low - around, domain[0]), Math.min(high + around, domain[1])];
  }

  build(figure) {
    const bar = make("div", "hk-bar");
    this.status = make("span", "hk-status");
    bar.append(
      this.status,
      button("−", "Zoom out (key -)", () => this.zoom(2)),
      button("+", "Zoom in (key +)", () => this.zoom(0.5)),
      button("All", "Show everything (key 0)", () => this.show(...this.domain)),
      button("?", "Keys (key ?)", () => this.help()),
    );
    this.host = make("div", "hk-canvas");
    this.host.style.height = `${this.height + AXIS + SLIDER + 14}px`;
    this.tip = make("div", "hk-tip");
    this.tip.hidden = true;
    this.ring = make("div", "hk-ring");
    this.ring.hidden = true;
    const stage = make("div", "hk-stage");
    stage.append(this.host, this.ring, this.tip);
    stage.tabIndex = 0;
    stage.setAttribute("role", "application");
    stage.setAttribute("aria-roledescription", "timeline");
    stage.setAttribute("aria-label", this.spec.description);
    this.stage = stage;
    this.details = make("div", "hk-details");
    this.details.setAttribute("aria-live", "polite");
    this.plot.replaceChildren(bar, stage, this.details);
    this.canvas = document.createElement("canvas");
    this.chart = window.echarts.init(this.host, null, { renderer: "canvas" });
    this.draw();
    this.listen(figure);
  }

  listen() {
    const zr = this.chart.getZr();
    zr.on("mousemove", (e) => this.hover(e.offsetX, e.offsetY));
    zr.on("globalout", () => this.hover(-1, -1));
    zr.on("click", (e) => this.choose(this.markAt(e.offsetX, e.offsetY)));
    zr.on("dblclick", (e) => {
      if (this.inLanes(e.offsetX, e.offsetY)) this.zoom(0.25, this.toTime(e.offsetX));
    });
    this.chart.on("datazoom", () => this.moved());
    this.stage.addEventListener("keydown", (e) => this.key(e));
    this.stage.addEventListener("wheel", (e) => this.wheel(e), { passive: false, capture: true });
    this.stage.addEventListener("mousedown", () => this.stage.focus({ preventScroll: true }));
    darkQuery.addEventListener("change", () => this.draw());
    let width = this.host.clientWidth;
    new ResizeObserver(() => {
      if (this.host.clientWidth === width || !this.host.clientWidth) return;
      width = this.host.clientWidth;
      this.chart.resize();
      this.draw();
    }).observe(this.host);
  }

  // The wheel zooms where it can't be meant for the page: nothing to scroll, or the chart has focus.
  wheel(event) {
    event.stopPropagation(); // ECharts would keep the page from scrolling even where it won't zoom
    const root = document.documentElement;
    const still = root.scrollHeight <= root.clientHeight;
    if (!event.deltaY || !(still || this.stage.contains(document.activeElement))) return;
    event.preventDefault();
    const x = event.clientX - this.host.getBoundingClientRect().left;
    this.zoom(event.deltaY < 0 ? 0.8 : 1.25, this.toTime(x));
  }

  draw() {
    this.colours = palette();
    const c = this.colours;
    const left = this.labelWidth() + 18;
    const grid = { left, right: RIGHT, top: 6, height: this.height };
    const below = 6 + this.height + AXIS + 10;
    const [min, max] = this.domain;
    const [startValue, endValue] = this.view;
    const lane = {
      type: "category",
      inverse: true,
      data: this.spec.lanes.map((each) => each.name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: c.line } },
      axisLabel: {
        color: c.text, interval: 0, width: left - 14, overflow: "truncate", fontSize: 12,
      },
      splitLine: { show: true, interval: 0, lineStyle: { color: c.line } },
    };
    const time = {
      type: "time", min, max,
      axisLine: { lineStyle: { color: c.line } },
      axisTick: { lineStyle: { color: c.line } },
      axisLabel: { color: c.faint, formatter: (ms) => tick(ms, this.view[1] - this.view[0]), hideOverlap: true, fontSize: 11 },
      splitLine: { show: true, lineStyle: { color: c.line, opacity: 0.5 } },
      splitNumber: Math.max(2, Math.floor((this.host.clientWidth - left) / 130)),
    };
    const hidden = { show: false, axisLabel: { show: false }, splitLine: { show: false } };
    this.chart.setOption(
      {
        useUTC: true,
        animation: false,
        backgroundColor: "transparent",
        tooltip: { show: false, renderMode: "richText" },
        grid: [grid, { left, right: RIGHT, top: below, height: SLIDER - 8 }],
        xAxis: [time, { ...hidden, gridIndex: 1, type: "value", min: 0, max: BINS }],
        yAxis: [lane, { ...hidden, gridIndex: 1, type: "value", min: 0, max: 1 }],
        dataZoom: [
          {
            id: "inside", type: "inside", xAxisIndex: 0, filterMode: "none", startValue, endValue,
            minValueSpan: this.unit, throttle: 0,
            zoomOnMouseWheel: false, moveOnMouseWheel: false, preventDefaultMouseMove: false,
          },
          {
            id: "slider", type: "slider", xAxisIndex: 0, filterMode: "none", startValue, endValue,
            left, right: RIGHT, top: below, height: SLIDER - 8, throttle: 0,
            showDataShadow: false, showDetail: false, brushSelect: true,
            backgroundColor: "transparent", borderColor: c.line, fillerColor: c.filler,
            handleStyle: { color: c.handle, borderColor: c.handle },
            moveHandleSize: 0,
            brushStyle: { color: c.filler },
          },
        ],
        series: [
          {
            type: "custom", silent: true, clip: true, data: [[min, 0]],
            encode: { x: 0, y: 1 }, renderItem: (params) => this.item(params.coordSys),
          },
          {
            type: "bar", xAxisIndex: 1, yAxisIndex: 1, silent: true, barWidth: "96%",
            itemStyle: { color: c.faint }, data: this.histogram(), z: 1,
          },
        ],
      },
      { notMerge: true },
    );
    this.moved();
  }

  labelWidth() {
    const context = document.createElement("canvas").getContext("2d");
    context.font = "12px sans-serif";
    const widths = this.spec.lanes.map((each) => context.measureText(each.name).width);
    return Math.ceil(Math.min(Math.max(...widths), 240, this.host.clientWidth * 0.28));
  }

  histogram() {
    const [start, end] = this.domain;
    const { counts, most } = density(
      this.times, new Uint8Array(this.times.length), 0, this.times.length, start, end, 1, BINS,
    );
    const top = Math.log1p(most);
    return Array.from(counts, (n, i) => [i + 0.5, n ? 0.08 + 0.9 * (Math.log1p(n) / top) : 0]);
  }

  // What ECharts asks for whenever the lanes are laid out anew: one image of the part in view.
  item(area) {
    this.area = area;
    const zoom = this.chart.getOption().dataZoom?.[0];
    if (zoom?.startValue !== undefined) this.view = [zoom.startValue, zoom.endValue];
    this.paint();
    const style = { image: this.canvas, x: area.x, y: area.y, width: area.width, height: area.height };
    return { type: "image", style };
  }

  paint() {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.area;
    const [start, end] = this.view;
    this.from = lowerBound(this.times, start);
    this.to = lowerBound(this.times, end + this.unit / 1000);
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    const context = this.canvas.getContext("2d");
    this.single = this.to - this.from < SINGLE_MARKS;
    if (this.single) this.paintMarks(context, ratio);
    else this.paintColumns(context, ratio);
  }

  paintMarks(context, ratio) {
    const radius = Math.max(2.5, Math.min(4.5, this.laneHeight * 0.14));
    const [start, end] = this.view;
    const toX = (t) => ((t - start) / (end - start)) * this.area.width;
    this.marks = places(this.times, this.lanes, this.from, this.to, toX, this.laneHeight, radius);
    context.scale(ratio, ratio);
    context.lineWidth = 1;
    for (let i = 0; i < this.to - this.from; i++) {
      const colour = this.colour(this.lanes[this.from + i]);
      context.beginPath();
      context.arc(this.marks.x[i], this.marks.y[i], radius, 0, 7);
      context.globalAlpha = 0.6;
      context.fillStyle = colour;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  paintColumns(context, ratio) {
    this.marks = null;
    const columns = Math.max(1, Math.floor(this.area.width / COLUMN));
    const lanes = this.spec.lanes.length;
    const [start, end] = this.view;
    this.binned = density(
      this.times, this.lanes, this.from, this.to, start, end, lanes, columns,
    );
    this.binned.columns = columns;
    const { width, height } = this.canvas;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const top = Math.log1p(this.binned.most);
    const full = (this.laneHeight - 4) * ratio;
    for (let lane = 0; lane < lanes; lane++) {
      const [r, g, b] = rgb(this.colour(lane));
      const base = Math.round(((lane + 1) * this.laneHeight - 1) * ratio);
      for (let column = 0; column < columns; column++) {
        const n = this.binned.counts[lane * columns + column];
        if (!n) continue;
        const part = Math.log1p(n) / top;
        const tall = Math.max(3 * ratio, Math.round(full * part));
        const pixel = ((150 + Math.round(105 * part)) << 24) | (b << 16) | (g << 8) | r;
        const left = Math.floor((column * width) / columns);
        const right = Math.floor(((column + 1) * width) / columns);
        for (let y = Math.max(0, base - tall); y < base; y++) {
          pixels.fill(pixel, y * width + left, y * width + right);
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  colour(lane) {
    if (this.spec.lanes[lane].rest) return this.colours.faint;
    return this.colours.series[lane % this.colours.series.length];
  }

  moved() {
    const [start, end] = this.view;
    const inView = this.to - this.from;
    const sameDay = day(start) === day(end);
    const fine = Math.min(1000, Math.max(this.unit, (end - start) / 1000));
    const until = sameDay ? clock(end, fine) : stamp(end, fine);
    const how = this.single
      ? "each mark is one event"
      : `each column is ${duration((end - start) / this.binned.columns)}, the tallest holds ` +
        `${count(this.binned.most)} events (log scale)`;
    this.status.textContent =
      `${stamp(start, fine)} – ${until} ${this.spec.zone} · ${count(inView)} of ` +
      `${count(this.spec.events)} events in view · ${how}` +
      (this.crowded && inView < this.spec.events ? " · press 0 for the far-off ones" : "");
    this.hover(-1, -1);
    this.placeRing();
  }

  show(start, end) {
    const [low, high] = this.domain;
    const span = Math.min(Math.max(end - start, this.unit * 4), high - low);
    const from = Math.min(Math.max(start, low), high - span);
    const dataZoomIndex = 0;
    this.chart.dispatchAction(
      { type: "dataZoom", dataZoomIndex, startValue: from, endValue: from + span }, { flush: true },
    );
  }

  zoom(factor, around) {
    const [start, end] = this.view;
    const centre = around ?? this.times[this.chosen] ?? (start + end) / 2;
    const share = Math.min(Math.max((centre - start) / (end - start), 0), 1);
    const span = (end - start) * factor;
    const from = centre - span * share;
    this.show(from, from + span);
  }

  pan(share) {
    const [start, end] = this.view;
    const by = (end - start) * share;
    this.show(start + by, end + by);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.pan(-0.2),
      ArrowRight: () => this.pan(0.2),
      ArrowUp: () => this.zoom(0.5),
      ArrowDown: () => this.zoom(2),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      0: () => this.show(...this.domain),
      Home: () => this.show(...this.domain),
      "[": () => this.step(-1),
      "]": () => this.step(1),
      Escape: () => this.choose(-1),
      "?": () => this.help(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  help() {
    this.chosen = -1;
    this.placeRing();
    this.details.replaceChildren(
      fields([
        ["← →", "move in time"], ["+ −", "zoom in, out (also ↑ ↓, the wheel, double click)"],
        ["0", "show everything"], ["[ ]", "the event before, after"], ["Esc", "close this"],
        ["drag", "move; on the strip below, choose a range"],
      ]),
    );
  }

  inLanes(x, y) {
    const { x: left, y: top, width, height } = this.area;
    return x >= left && x < left + width && y >= top && y < top + height;
  }

  toTime(x) {
    const [start, end] = this.view;
    return start + ((x - this.area.x) / this.area.width) * (end - start);
  }

  markAt(x, y) {
    if (!this.marks || !this.inLanes(x, y)) return -1;
    let best = -1;
    let nearest = 100;
    for (let i = 0; i < this.marks.x.length; i++) {
      const dx = this.marks.x[i] + this.area.x - x;
      const dy = this.marks.y[i] + this.area.y - y;
      const distance = dx * dx + dy * dy;
      if (distance < nearest) [best, nearest] = [this.from + i, distance];
    }
    return best;
  }

  hover(x, y) {
    const mark = this.markAt(x, y);
    let pairs = null;
    if (mark >= 0) pairs = this.describe(mark);
    else if (this.binned && !this.single && x >= 0 && this.inLanes(x, y)) pairs = this.cell(x, y);
    this.tip.hidden = !pairs;
    if (!pairs) return;
    this.tip.replaceChildren(fields(pairs));
    const room = this.stage.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = `${Math.max(4, Math.min(x + 14, room))}px`;
    const under = y + 16;
    const fits = under + this.tip.offsetHeight < this.stage.clientHeight;
    this.tip.style.top = `${fits ? under : Math.max(4, y - this.tip.offsetHeight - 12)}px`;
  }

  cell(x, y) {
    const lane = Math.min(
      Math.floor((y - this.area.y) / this.laneHeight), this.spec.lanes.length - 1,
    );
    const { columns, counts } = this.binned;
    const under = Math.min(Math.floor(((x - this.area.x) / this.area.width) * columns), columns - 1);
    const near = [0, -1, 1, -2, 2].map((step) => under + step);
    const column = near.find((at) => at >= 0 && at < columns && counts[lane * columns + at]);
    if (column === undefined) return null;
    const n = counts[lane * columns + column];
    const wide = (this.view[1] - this.view[0]) / columns;
    const from = this.view[0] + column * wide;
    return [
      [this.spec.lane_title, this.spec.lanes[lane].name],
      [this.spec.zone, stamp(from, Math.min(1000, wide))],
      ["for", duration(wide)],
      ["events", count(n)],
    ];
  }

  describe(index) {
    const pairs = [
      [`time (${this.spec.zone})`, stamp(this.times[index], this.unit)],
      [this.spec.lane_title, this.spec.lanes[this.lanes[index]].name],
    ];
    if (index < this.spec.texts) {
      const { rest } = this.spec.lanes[this.lanes[index]];
      for (const each of this.texts) {
        const said = each.name === this.spec.lane_title && !rest;
        if (!said) pairs.push([each.name, lookUp(each, index)]);
      }
    }
    pairs.push(["row", count(index)]);
    return pairs;
  }

  choose(index) {
    this.chosen = index;
    this.placeRing();
    if (index < 0) {
      this.details.replaceChildren();
      return;
    }
    const parts = [fields(this.describe(index))];
    if (index >= this.spec.texts && this.texts.length) {
      parts.push(make("p", "hk-note", `Texts are kept for the first ${count(this.spec.texts)} ` +
        "events; look this one up by its row in the chart's data."));
    }
    this.details.replaceChildren(...parts);
  }

  step(by) {
    if (this.chosen < 0) this.choose(by > 0 ? this.from : this.to - 1);
    else this.choose(Math.min(Math.max(this.chosen + by, 0), this.times.length - 1));
    const at = this.times[this.chosen];
    const [start, end] = this.view;
    if (at < start || at > end) this.show(at - (end - start) / 2, at + (end - start) / 2);
    if (!this.single) this.narrow();
  }

  // Zooms towards the chosen event until it is a mark of its own.
  narrow() {
    const half = SINGLE_MARKS >> 2;
    const low = this.times[Math.max(0, this.chosen - half)];
    const high = this.times[Math.min(this.times.length - 1, this.chosen + half)];
    this.show(low, high);
  }

  placeRing() {
    const at = this.chosen - this.from;
    const seen = this.chosen >= 0 && this.marks && at >= 0 && at < this.marks.x.length;
    this.ring.hidden = !seen;
    if (!seen) return;
    this.ring.style.left = `${this.area.x + this.marks.x[at]}px`;
    this.ring.style.top = `${this.area.y + this.marks.y[at]}px`;
  }
}

function laneHeight(lanes) {
  if (lanes === 1) return 120;
  return Math.max(22, Math.min(56, Math.round(440 / lanes)));
}

window.huntkit.register("timeline", (figure, plot, spec, blobs) => {
  if (spec.events) return new Timeline(figure, plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
