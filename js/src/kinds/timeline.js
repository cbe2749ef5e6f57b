// Events over time in lanes: columns of counts from afar, single marks from near.
import { byLane, laneDensity, places } from "../bins.js";
import { column, lookUp, sums, text } from "../decode.js";
import { make } from "../dom.js";
import { laneAxis } from "../lanes.js";
import { Legend } from "../legend.js";
import { Overlay } from "../overlay.js";
import { TimeStage, columnWidth } from "../timestage.js";
import { count, duration, stamp } from "../times.js";

const SINGLE_MARKS = 3000; // up to this many events in view are drawn one by one
const COLUMN = 2; // CSS pixels per counted column

class Timeline extends TimeStage {
  constructor(plot, spec, blobs) {
    const unit = spec.unit_us / 1000;
    super(plot, spec, sums(blobs.deltas, spec.events, spec.first_us / 1000, unit), unit);
    this.lanes = blobs.lanes;
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.over = spec.overlay ? new Overlay(spec.overlay, blobs) : null;
    const [times, own] = this.over ? this.over.without(this.times, this.lanes) : [this.times, this.lanes];
    this.laneTimes = byLane(times, own, spec.lanes.length);
    this.laneHeight = laneHeight(spec.lanes.length, spec.plot_height);
    this.axis = laneAxis(spec.lanes.map((each) => each.name));
    this.legend = this.over ? new Legend(this.over.groups(times.length), () => this.draw()) : null;
    this.build("timeline", this.laneHeight * spec.lanes.length);
  }

  above() {
    return this.legend ? [this.legend.element] : [];
  }

  draw() {
    super.draw();
    this.legend?.paint((at) => (at ? this.colours.text : this.colours.series[0]));
  }

  // Whether events of the data (0) or of what is laid over it (1) are on show.
  shows(set) {
    return !this.legend?.hidden.has(set);
  }

  left() {
    return this.axis.left(this.host.clientWidth);
  }

  upright(left) {
    return this.axis.option(left, this.colours);
  }

  paint(context, ratio) {
    this.single = this.to - this.from < SINGLE_MARKS;
    if (this.single) this.paintMarks(context, ratio);
    else this.paintColumns(context, ratio);
    if (this.over && this.shows(1)) this.paintOver(context, ratio);
  }

  paintMarks(context, ratio) {
    const radius = Math.max(2.5, Math.min(4.5, this.laneHeight * 0.14));
    const toX = (t) => this.toX(t);
    this.marks = places(this.times, this.lanes, this.from, this.to, toX, this.laneHeight, radius);
    context.scale(ratio, ratio);
    context.lineWidth = 1;
    for (let i = 0; i < this.to - this.from && this.shows(0); i++) {
      if (this.over?.has(this.from + i)) continue;
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
    this.binned = laneDensity(this.laneTimes, start, end, columns, this.unit);
    this.binned.columns = columns;
    if (!this.shows(0)) return;
    const { width } = this.canvas;
    const top = Math.log1p(this.binned.most);
    const full = (this.laneHeight - 4) * ratio;
    for (let lane = 0; lane < lanes; lane++) {
      context.fillStyle = this.colour(lane);
      const base = Math.round(((lane + 1) * this.laneHeight - 1) * ratio);
      for (let column = 0; column < columns; column++) {
        const n = this.binned.counts[lane * columns + column];
        if (!n) continue;
        const part = Math.log1p(n) / top;
        const tall = Math.max(3 * ratio, Math.round(full * part));
        const left = Math.floor((column * width) / columns);
        const right = Math.floor(((column + 1) * width) / columns);
        context.globalAlpha = (150 + 105 * part) / 255;
        context.fillRect(left, base - tall, right - left, tall);
      }
    }
    context.globalAlpha = 1;
  }

  // What is laid over the others: marks of their own also from afar, where many are one.
  paintOver(context, ratio) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const radius = Math.max(4.5, Math.min(7, this.laneHeight * 0.2));
    const toX = (i) => (this.marks ? this.marks.x[i - this.from] : this.toX(this.times[i]));
    const toY = (i) => (this.marks ? this.marks.y[i - this.from] : (this.lanes[i] + 0.5) * this.laneHeight);
    this.over.place(this.from, this.to, this.lanes, toX, toY, this.marks ? 0 : radius);
    for (const { x, y } of this.over.marks) {
      context.beginPath();
      context.moveTo(x, y - radius);
      context.lineTo(x + radius, y);
      context.lineTo(x, y + radius);
      context.lineTo(x - radius, y);
      context.closePath();
      context.fillStyle = this.colours.text;
      context.fill();
      context.strokeStyle = this.colours.ground;
      context.lineWidth = 1.5;
      context.stroke();
    }
  }

  colour(lane) {
    if (this.spec.lanes[lane].rest) return this.colours.faint;
    return this.colours.series[lane % this.colours.series.length];
  }

  how() {
    if (this.single) return "each mark is one event";
    const { columns, most } = this.binned;
    return `each column is ${columnWidth(this.view, columns)}, the tallest holds ` +
      `${count(most)} events (log scale)`;
  }

  markAt(x, y) {
    if (!this.inArea(x, y)) return -1;
    const over = this.overAt(x, y);
    if (over || !this.marks || !this.shows(0)) return over ? over.index : -1;
    let best = -1;
    let nearest = 100;
    for (let i = 0; i < this.marks.x.length; i++) {
      if (this.over?.has(this.from + i)) continue;
      const dx = this.marks.x[i] + this.area.x - x;
      const dy = this.marks.y[i] + this.area.y - y;
      const distance = dx * dx + dy * dy;
      if (distance < nearest) [best, nearest] = [this.from + i, distance];
    }
    return best;
  }

  overAt(x, y) {
    if (!this.over || !this.shows(1)) return null;
    return this.over.at(x - this.area.x, y - this.area.y);
  }

  told(x, y) {
    const mark = this.markAt(x, y);
    if (mark >= 0) {
      const here = this.overAt(x, y)?.count ?? 1;
      return [...this.describe(mark), ["in this mark", here > 1 ? `${count(here)} ${this.spec.overlay.name}` : ""]];
    }
    return this.binned && !this.single && this.inArea(x, y) ? this.cell(x, y) : null;
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
    const over = this.over?.has(index);
    if (over) pairs.push(["laid over", this.spec.overlay.name], ...this.over.told(index));
    else if (index < this.spec.texts) {
      const { rest } = this.spec.lanes[this.lanes[index]];
      for (const each of this.texts) {
        const said = each.name === this.spec.lane_title && !rest;
        if (!said) pairs.push([each.name, lookUp(each, index)]);
      }
    }
    pairs.push(["row", count(index)]);
    return pairs;
  }

  detailed(index) {
    const parts = super.detailed(index);
    if (index >= this.spec.texts && this.texts.length && !this.over?.has(index)) {
      parts.push(make("p", "hk-note", `Texts are kept for the first ${count(this.spec.texts)} ` +
        "events; look this one up by its row in the chart's data."));
    }
    return parts;
  }

  reach(index) {
    super.reach(index);
    if (!this.single) this.narrow();
  }

  // The event before or after the chosen one, of those laid over the others.
  leap(by) {
    if (!this.over) return;
    const from = this.chosen >= 0 ? this.chosen : by > 0 ? this.from - 1 : this.to;
    super.reach(this.over.beside(from, by));
  }

  keys() {
    const leaps = { n: () => this.leap(1), p: () => this.leap(-1) };
    return { ...super.keys(), ...(this.over ? leaps : {}) };
  }

  keyHelp() {
    const leaps = [["n p", "the next, the previous one of those laid over the others"]];
    return [...super.keyHelp(), ...(this.over ? leaps : [])];
  }

  // Zooms towards the chosen event until it is a mark of its own.
  narrow() {
    const half = SINGLE_MARKS >> 2;
    const low = this.times[Math.max(0, this.chosen - half)];
    const high = this.times[Math.min(this.times.length - 1, this.chosen + half)];
    this.show(low, high);
  }

  placeOf(index) {
    const at = index - this.from;
    if (!this.marks && this.over?.has(index) && at >= 0 && index < this.to) {
      const middle = (this.lanes[index] + 0.5) * this.laneHeight;
      return { x: this.area.x + this.toX(this.times[index]), y: this.area.y + middle };
    }
    if (!this.marks || at < 0 || at >= this.marks.x.length) return null;
    return { x: this.area.x + this.marks.x[at], y: this.area.y + this.marks.y[at] };
  }
}

function laneHeight(lanes, room) {
  if (room) return Math.max(14, Math.floor(room / lanes));
  if (lanes === 1) return 120;
  return Math.max(22, Math.min(56, Math.round(440 / lanes)));
}

window.huntkit.register("timeline", (figure, plot, spec, blobs) => {
  if (spec.events) return new Timeline(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
