// Values over time: points, bars from zero or lines, per group; from afar their range per column.
import { column, lookUp, numbers, sums, text } from "./decode.js";
import { button, make } from "./dom.js";
import { Legend } from "./legend.js";
import { mark } from "./marks.js";
import { exact, upright } from "./scales.js";
import { TimeStage, columnWidth } from "./timestage.js";
import { count, stamp } from "./times.js";

const SINGLE_MARKS = 5000;
const HEIGHT = 340; // CSS pixels, unless the caller says otherwise
const COLUMN = 2; // CSS pixels

class TimelineValues extends TimeStage {
  constructor(plot, spec, blobs) {
    const unit = spec.unit_us / 1000;
    super(plot, spec, sums(blobs.deltas, spec.events, spec.first_us / 1000, unit), unit);
    this.tall = spec.plot_height ?? HEIGHT;
    this.values = numbers(blobs.values, spec.events, spec.numbers);
    this.rows = blobs.rows ? sums(blobs.rows, spec.events, 0, 1) : null;
    this.groups = blobs.lanes;
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.log = spec.log === true && spec.low > 0 && spec.high > spec.low;
    this.legend = new Legend(spec.groups, () => this.draw());
    const tools = spec.low > 0 && spec.high > spec.low ? [this.logSwitch()] : [];
    this.scale();
    this.build(spec.role ?? "timeline of values", this.tall, tools);
  }

  above() {
    return this.spec.groups.length > 1 ? [this.legend.element] : [];
  }

  logSwitch() {
    this.logButton = button("Log scale", "Values by powers of ten (key l)", () => this.toggleLog());
    this.logButton.setAttribute("aria-pressed", String(this.log));
    return this.logButton;
  }

  toggleLog() {
    if (!this.logButton) return;
    this.log = !this.log;
    this.logButton.setAttribute("aria-pressed", String(this.log));
    this.scale();
    this.draw();
  }

  scale() {
    const { low, high, marks } = this.spec;
    // Bars grow from zero; other marks may leave it out where it would waste most of the room.
    const fromZero = marks.includes("vbar") || (low > 0 && low < high * 0.5);
    const bottom = fromZero ? Math.min(low, 0) : low;
    this.axis = upright(this.log ? low : bottom, Math.max(high, fromZero ? 0 : high), this.tall, this.log);
    this.base = this.log ? this.tall : Math.min(this.tall, Math.max(0, this.axis.toY(0)));
  }

  draw() {
    super.draw();
    this.legend.paint((at) => this.colour(at));
  }

  colour(group) {
    if (this.spec.groups[group].alarm) return this.colours.alarm;
    if (this.spec.groups[group].rest) return this.colours.faint;
    return this.colours.series[group % this.colours.series.length];
  }

  left() {
    return 72;
  }

  anchor() {
    return this.axis.axis.low;
  }

  upright() {
    const { low, high, step } = this.axis.axis;
    return {
      type: "value", min: low, max: high, interval: step, name: this.spec.value_name,
      nameLocation: "middle", nameGap: 52,
      nameTextStyle: { color: this.colours.faint, width: this.tall - 20, overflow: "truncate" },
      axisLabel: { color: this.colours.faint, formatter: this.axis.label, fontSize: 11, showMaxLabel: false },
      axisLine: { show: true, lineStyle: { color: this.colours.line } },
      splitLine: { lineStyle: { color: this.colours.line, opacity: 0.6 } },
    };
  }

  // The strip shows how high the values reach, in the share of the highest.
  strip(bins) {
    this.peaks ??= this.peaksOf(bins);
    return this.peaks;
  }

  peaksOf(bins) {
    const [start, end] = this.domain;
    const top = Math.max(Math.abs(this.spec.low), Math.abs(this.spec.high)) || 1;
    const peaks = new Float64Array(bins);
    this.times.forEach((time, i) => {
      const at = Math.min(bins - 1, (((time - start) / (end - start)) * bins) | 0);
      peaks[at] = Math.max(peaks[at], 0.06 + 0.9 * (Math.abs(this.values[i]) / top));
    });
    return Array.from(peaks, (peak, i) => [i + 0.5, peak]);
  }

  shown(i) {
    return !this.legend.hidden.has(this.groups[i]);
  }

  paint(context, ratio) {
    context.scale(ratio, ratio);
    this.single = this.to - this.from < SINGLE_MARKS;
    if (this.single) this.paintMarks(context);
    else this.paintRanges(context);
  }

  paintMarks(context) {
    const { marks } = this.spec;
    this.binned = null;
    const radius = this.to - this.from > 600 ? 2.5 : 4;
    if (marks.includes("line")) this.paintLines(context);
    for (let i = this.from; i < this.to; i++) {
      if (!this.shown(i)) continue;
      const x = this.toX(this.times[i]);
      const y = this.axis.toY(this.values[i]);
      const colour = this.colour(this.groups[i]);
      if (marks.includes("vbar")) {
        context.fillStyle = colour;
        context.globalAlpha = 0.75;
        context.fillRect(x - 1, Math.min(y, this.base), 2, Math.max(1, Math.abs(this.base - y)));
        context.globalAlpha = 1;
      }
      if (marks.includes("circle") || (marks.includes("vbar") && radius > 3)) {
        mark(context, this.groups[i], x, y, marks.includes("circle") ? radius : 2.5, colour);
      }
    }
  }

  // One line per group, from just before the view to just after it.
  paintLines(context) {
    this.spec.groups.forEach((_, group) => {
      if (this.legend.hidden.has(group)) return;
      context.strokeStyle = this.colour(group);
      context.lineWidth = 1.5;
      context.beginPath();
      let before = this.from - 1;
      while (before >= 0 && this.groups[before] !== group) before -= 1;
      let pen = false;
      for (let i = Math.max(before, 0); i < this.times.length; i++) {
        if (this.groups[i] !== group) continue;
        const x = this.toX(this.times[i]);
        const y = this.axis.toY(this.values[i]);
        if (pen) context.lineTo(x, y);
        else context.moveTo(x, y);
        pen = true;
        if (i >= this.to) break;
      }
      context.stroke();
    });
  }

  // Per column and group the lowest and highest value, and how many there are.
  ranges() {
    const columns = Math.max(1, Math.floor(this.area.width / COLUMN));
    const groups = this.spec.groups.length;
    const low = new Float64Array(columns * groups).fill(Infinity);
    const high = new Float64Array(columns * groups).fill(-Infinity);
    const counts = new Uint32Array(columns * groups);
    const [start, end] = this.view;
    for (let i = this.from; i < this.to; i++) {
      const at = Math.min(columns - 1, (((this.times[i] - start) / (end - start)) * columns) | 0);
      const cell = this.groups[i] * columns + at;
      const value = this.values[i];
      counts[cell] += 1;
      if (value < low[cell]) low[cell] = value;
      if (value > high[cell]) high[cell] = value;
    }
    return { columns, low, high, counts };
  }

  paintRanges(context) {
    this.binned = this.ranges();
    const { columns, low, high, counts } = this.binned;
    const bars = this.spec.marks.includes("vbar");
    const wide = this.area.width / columns;
    for (let group = this.spec.groups.length - 1; group >= 0; group--) {
      if (this.legend.hidden.has(group)) continue;
      context.fillStyle = this.colour(group);
      context.globalAlpha = this.spec.groups.length > 1 ? 0.7 : 0.9;
      for (let at = 0; at < columns; at++) {
        const cell = group * columns + at;
        if (!counts[cell]) continue;
        let top = this.axis.toY(high[cell]);
        let bottom = this.axis.toY(low[cell]);
        if (bars) [top, bottom] = [Math.min(top, this.base), Math.max(bottom, this.base)];
        context.fillRect(at * wide, top - 1, Math.ceil(wide), Math.max(2, bottom - top + 1));
      }
    }
    context.globalAlpha = 1;
  }

  how() {
    if (this.single) return "each mark is one of them";
    return `each column is ${columnWidth(this.view, this.binned.columns)}, from its lowest to its highest value`;
  }

  markAt(x, y) {
    if (!this.single) return -1;
    let best = -1;
    let nearest = 144;
    for (let i = this.from; i < this.to; i++) {
      if (!this.shown(i)) continue;
      const dx = this.toX(this.times[i]) + this.area.x - x;
      if (dx > 12) break;
      if (dx < -12) continue;
      const dy = this.axis.toY(this.values[i]) + this.area.y - y;
      if (dx * dx + dy * dy < nearest) [best, nearest] = [i, dx * dx + dy * dy];
    }
    return best;
  }

  told(x, y) {
    const at = this.markAt(x, y);
    if (at >= 0) return this.describe(at);
    return this.binned && this.inArea(x, y) ? this.cell(x) : null;
  }

  cell(x) {
    const { columns, counts, low, high } = this.binned;
    const at = Math.min(Math.floor(((x - this.area.x) / this.area.width) * columns), columns - 1);
    const from = this.view[0] + ((this.view[1] - this.view[0]) * at) / columns;
    const pairs = [[this.spec.zone, stamp(from, 1000)], ["for", columnWidth(this.view, columns)]];
    this.spec.groups.forEach((group, nth) => {
      const cell = nth * columns + at;
      if (!counts[cell] || this.legend.hidden.has(nth)) return;
      const range = `${exact(low[cell])} to ${exact(high[cell])} (${count(counts[cell])})`;
      pairs.push([this.spec.groups.length > 1 ? group.name : "values", range]);
    });
    return pairs.length > 2 ? pairs : null;
  }

  describe(index) {
    const pairs = [
      [`time (${this.spec.zone})`, stamp(this.times[index], this.unit)],
      [this.spec.value_name, exact(this.values[index])],
    ];
    const group = this.spec.groups[this.groups[index]];
    if (this.spec.group_title) pairs.push([this.spec.group_title, group.name]);
    if (index < this.spec.texts) {
      for (const each of this.texts) {
        if (each.name === this.spec.group_title && !group.rest) continue;
        pairs.push([each.name, lookUp(each, index)]);
      }
    }
    pairs.push(["row", count(this.rows ? this.rows[index] : index)]);
    return pairs;
  }

  reach(index) {
    super.reach(index);
    if (this.single) return;
    const half = SINGLE_MARKS >> 2;
    const low = this.times[Math.max(0, this.chosen - half)];
    this.show(low, this.times[Math.min(this.times.length - 1, this.chosen + half)]);
  }

  placeOf(index) {
    const x = this.toX(this.times[index]);
    if (!this.single || x < 0 || x > this.area.width || !this.shown(index)) return null;
    return { x: this.area.x + x, y: this.area.y + this.axis.toY(this.values[index]) };
  }

  keys() {
    return { ...super.keys(), l: () => this.toggleLog() };
  }

  keyHelp() {
    return this.logButton ? [...super.keyHelp(), ["l", "values by powers of ten"]] : super.keyHelp();
  }
}

export function register(kind) {
  window.huntkit.register(kind, (figure, plot, spec, blobs) => {
    if (spec.events) return new TimelineValues(plot, spec, blobs);
    plot.replaceChildren(make("p", "hk-message", spec.message));
    return null;
  });
}
