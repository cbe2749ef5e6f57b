// Charts along time: an axis in UTC, a strip below that shows everything, zooming, stepping.
// The chart paints the part in view into one image; ECharts keeps the axes and the strip.
import { density, lowerBound } from "./bins.js";
import { button } from "./dom.js";
import { clipped } from "./labels.js";
import { palette } from "./palette.js";
import { Stage } from "./stage.js";
import { clock, count, day, duration, stamp, ticks } from "./times.js";

export const RIGHT = 20;
const AXIS = 26;
const SLIDER = 44;
const BINS = 240;

export class TimeStage extends Stage {
  // `times` are sorted, in ms; `reach` is where the last of them ends, if that is not a moment.
  constructor(plot, spec, times, unit, reach) {
    super(plot, spec);
    this.unit = unit;
    this.times = times;
    this.references = spec.references ?? [];
    const known = this.references.map((each) => each.at_us / 1000);
    const first = Math.min(times[0], ...known);
    const last = Math.max(reach ?? times[times.length - 1], ...known);
    const margin = Math.max((last - first) * 0.015, this.unit, last > first ? 0 : 1000);
    this.domain = [first - margin, last + margin];
    this.view = this.firstView(margin);
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

  build(role, height, tools = []) {
    this.height = height;
    this.strips = this.spec.range_tool !== false;
    this.furnish(role, height + AXIS + (this.strips ? SLIDER + 14 : 8), [
      ...tools,
      button("−", "Zoom out (key -)", () => this.zoom(2)),
      button("+", "Zoom in (key +)", () => this.zoom(0.5)),
      button("All", "Show everything (key 0)", () => this.show(...this.domain)),
    ]);
    this.canvas = document.createElement("canvas");
    this.chart = window.echarts.init(this.host, null, { renderer: "canvas" });
    this.draw();
    const zr = this.chart.getZr();
    zr.on("mousemove", (e) => this.hover(e.offsetX, e.offsetY));
    zr.on("globalout", () => this.hover(-1, -1));
    zr.on("click", (e) => {
      if (this.inArea(e.offsetX, e.offsetY)) this.choose(this.markAt(e.offsetX, e.offsetY));
    });
    zr.on("dblclick", (e) => {
      if (this.inArea(e.offsetX, e.offsetY)) this.zoom(0.25, this.toTime(e.offsetX));
    });
    this.chart.on("datazoom", () => this.moved());
    this.follow();
    this.rehearse();
  }

  // The first step would be slow, since the browser compiles what it runs when that first runs: so
  // once nothing else is to be done, one is made that changes nothing.
  rehearse() {
    const soon = window.requestIdleCallback ?? ((work) => setTimeout(work, 30));
    soon(() => {
      if (this.host.isConnected) this.look(...this.view);
    });
  }

  resized() {
    this.chart.resize();
  }

  wheeled(factor, x) {
    this.zoom(factor, this.toTime(x));
  }

  draw() {
    this.colours = palette();
    const c = this.colours;
    const left = this.left();
    const grid = { left, right: RIGHT, top: 6, height: this.height };
    const below = 6 + this.height + AXIS + 10;
    const [min, max] = this.domain;
    const [startValue, endValue] = this.view;
    const time = {
      type: "time", min, max,
      axisLine: { onZero: false, lineStyle: { color: c.line } },
      // Of its ticks some overlap and are left out, which makes them uneven: ours come with the image.
      axisTick: { show: false }, axisLabel: { show: false }, splitLine: { show: false },
    };
    const hidden = { show: false, axisLabel: { show: false }, splitLine: { show: false } };
    this.chart.setOption(
      {
        useUTC: true,
        animation: false,
        backgroundColor: "transparent",
        grid: [grid, { left, right: RIGHT, top: below, height: SLIDER - 8 }],
        xAxis: [time, { ...hidden, gridIndex: 1, type: "value", min: 0, max: BINS }],
        yAxis: [this.upright(left), { ...hidden, gridIndex: 1, type: "value", min: 0, max: 1 }],
        dataZoom: [
          {
            id: "inside", type: "inside", xAxisIndex: 0, filterMode: "none", startValue, endValue,
            minValueSpan: this.unit, throttle: 0,
            zoomOnMouseWheel: false, moveOnMouseWheel: false, preventDefaultMouseMove: false,
          },
          {
            id: "slider", type: "slider", show: this.strips, xAxisIndex: 0, filterMode: "none", startValue, endValue,
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
            type: "custom", silent: true, clip: false, data: [[min, this.anchor()]],
            encode: { x: 0, y: 1 }, renderItem: (params) => this.item(params.coordSys),
          },
          {
            type: "bar", xAxisIndex: 1, yAxisIndex: 1, silent: true, barWidth: "96%",
            itemStyle: { color: c.faint }, data: this.strips ? this.strip(BINS) : [], z: 1,
          },
        ],
      },
      { notMerge: true },
    );
    this.moved();
  }

  // A value of the upright axis that is always on it: the image hangs there.
  anchor() {
    return 0;
  }

  // The strip's bars, `bins` of them, from 0 to 1; worked out once, for it never changes.
  strip(bins) {
    if (!this.bars) {
      const [start, end] = this.domain;
      const { counts, most } = density(
        this.times, null, 0, this.times.length, start, end, 1, bins,
      );
      const top = Math.log1p(most);
      this.bars = Array.from(counts, (n, i) => [i + 0.5, n ? 0.08 + 0.9 * (Math.log1p(n) / top) : 0]);
    }
    return this.bars;
  }

  // What ECharts asks for whenever the picture is laid out anew: one image of the part in view.
  item(area) {
    this.area = area;
    const zoom = this.chart.getOption().dataZoom?.[0];
    if (zoom?.startValue !== undefined) this.view = [zoom.startValue, zoom.endValue];
    this.repaint();
    const style = { image: this.canvas, x: area.x, y: area.y, width: area.width, height: area.height };
    return { type: "group", children: [{ type: "image", style }, ...this.tickLabels(area)] };
  }

  tickLabels(area) {
    const edge = area.x + area.width + RIGHT;
    return this.ticks.map(({ at, label }) => {
      const half = label.length * 3.2;
      const x = Math.min(area.x + this.toX(at), edge - half);
      return {
        type: "text",
        style: {
          text: label, x, y: area.y + area.height + 8, align: "center", fill: this.colours.faint,
          font: "11px sans-serif",
        },
      };
    });
  }

  repaint() {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.area;
    const [start, end] = this.view;
    this.from = lowerBound(this.times, start);
    this.to = lowerBound(this.times, end + this.unit / 1000);
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    const context = this.canvas.getContext("2d");
    this.ticks = ticks(start, end, width / 95);
    this.paint(context, ratio);
    this.paintGrid(context, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paintReferences(context);
  }

  // Behind what is painted.
  paintGrid(context, ratio) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = this.colours.line;
    context.globalAlpha = 0.55;
    for (const { at } of this.ticks) context.fillRect(Math.round(this.toX(at)), 0, 1, this.area.height);
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  }

  paintReferences(context) {
    const c = this.colours;
    context.font = "11px sans-serif";
    context.textBaseline = "top";
    let free = -Infinity; // labels that would touch go one line down
    let line = 0;
    for (const { at_us: at, label } of this.references) {
      const x = this.toX(at / 1000);
      if (x < 0 || x > this.area.width) continue;
      context.strokeStyle = c.alarm;
      context.lineWidth = 1.5;
      context.setLineDash([5, 3]);
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, this.area.height);
      context.stroke();
      context.setLineDash([]);
      const wide = Math.min(context.measureText(label).width, 180) + 8;
      const left = x + 3 + wide > this.area.width ? x - 3 - wide : x + 3;
      line = left < free ? (line + 1) % 3 : 0;
      free = Math.max(free, left + wide + 4);
      context.fillStyle = c.ground;
      context.globalAlpha = 0.85;
      context.fillRect(left, 2 + line * 16, wide, 15);
      context.globalAlpha = 1;
      context.fillStyle = c.alarm;
      context.fillText(clipped(context, label, 180), left + 4, 4 + line * 16);
    }
  }

  // Which part is in view and how much of everything that is; then what the chart adds.
  moved() {
    const [start, end] = this.view;
    const inView = this.inView();
    const fine = Math.min(1000, Math.max(this.unit, (end - start) / 1000));
    const until = day(start) === day(end) ? clock(end, fine) : stamp(end, fine);
    this.status.textContent =
      `${stamp(start, fine)} – ${until} ${this.spec.zone} · ${count(inView)} of ` +
      `${count(this.times.length)} ${this.spec.noun ?? "events"} in view · ${this.how()}` +
      (this.crowded && inView < this.times.length ? " · press 0 for the far-off ones" : "");
    this.hover(-1, -1);
    this.placeRing();
    this.tell?.();
  }

  state() {
    return { ...super.state(), range: this.view };
  }

  apply(wanted) {
    if (wanted.range?.every(Number.isFinite)) this.show(...wanted.range);
    super.apply(wanted);
  }

  knows(mark) {
    return mark < this.times.length;
  }

  // Chooses an event, and moves there if it is out of view.
  reach(index) {
    this.choose(index);
    const at = this.times[index];
    const [start, end] = this.view;
    if (at < start || at > end) this.show(at - (end - start) / 2, at + (end - start) / 2);
  }

  inView() {
    return this.to - this.from;
  }

  show(start, end) {
    const [low, high] = this.domain;
    const span = Math.min(Math.max(end - start, this.unit * 4), high - low);
    const from = Math.min(Math.max(start, low), high - span);
    this.look(from, from + span);
  }

  look(startValue, endValue) {
    const dataZoomIndex = 0;
    this.chart.dispatchAction(
      { type: "dataZoom", dataZoomIndex, startValue, endValue }, { flush: true },
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

  keys() {
    return {
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
  }

  keyHelp() {
    return [
      ["← →", "move in time"], ["+ −", "zoom in, out (also ↑ ↓, the wheel, double click)"],
      ["0", "show everything"], ["[ ]", "the event before, after"], ["Esc", "close this"],
      ["drag", this.strips ? "move; on the strip below, choose a range" : "move"],
    ];
  }

  inArea(x, y) {
    const { x: left, y: top, width, height } = this.area;
    return x >= left && x < left + width && y >= top && y < top + height;
  }

  toTime(x) {
    const [start, end] = this.view;
    return start + ((x - this.area.x) / this.area.width) * (end - start);
  }

  // Within the image, whose left edge is 0.
  toX(time) {
    const [start, end] = this.view;
    return ((time - start) / (end - start)) * this.area.width;
  }

  // Chooses the event before or after; from nothing, the first or last in view.
  step(by) {
    const last = this.times.length - 1;
    if (this.chosen < 0) this.reach(by > 0 ? Math.min(this.from, last) : Math.max(this.to - 1, 0));
    else this.reach(Math.min(Math.max(this.chosen + by, 0), last));
  }
}

// "each column is 5 min": how wide `columns` of them make one.
export const columnWidth = (view, columns) => duration((view[1] - view[0]) / columns);
