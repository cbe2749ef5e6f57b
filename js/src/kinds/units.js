// Every row as a square that moves from layout to layout: scattered, stacked, in cells.
import { column, lookUp, numbers, text } from "../decode.js";
import { button, make } from "../dom.js";
import { clipped } from "../labels.js";
import { binned, packed, scatter } from "../layouts.js";
import { Legend } from "../legend.js";
import { exact, rounded, short, ticks } from "../scales.js";
import { Surface } from "../surface.js";
import { count, stamp, ticks as timeTicks } from "../times.js";

const HEIGHT = 580;
const LEFT = 120;
const RIGHT = 16;
const TOP = 10;
const BELOW = 48;
const BINS = 24;
const MOVE_MS = 900;
const LAYOUTS = [["scatter", "Scatter"], ["columns", "Columns"], ["cells", "Cells"]];

class Units extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    this.size = spec.units;
    this.groups = blobs.groups;
    this.axes = { x: this.axisOf("x", numbers(blobs.x, this.size, spec.x.numbers)), y: this.axisOf("y", numbers(blobs.y, this.size, spec.y.numbers)) };
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.layout = spec.layout;
    this.sorted = Array.from({ length: this.size }, (_, i) => i).sort((a, b) => this.groups[a] - this.groups[b] || a - b);
    this.legend = new Legend(spec.groups, () => this.draw());
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.switches = LAYOUTS.map(([id, label], at) => {
      const found = button(label, `${label} (key ${at + 1})`, () => this.arrangeAs(id));
      found.setAttribute("aria-pressed", String(id === spec.layout));
      return found;
    });
    this.build("units", HEIGHT, this.switches, { zooms: false });
  }

  above() {
    return this.spec.groups.length > 1 ? [this.legend.element] : [];
  }

  axisOf(id, values) {
    const { names, time, name } = this.spec[id];
    if (names) {
      const bins = names.length;
      return { name, values, bins, low: -0.5, high: bins - 0.5, of: values, say: (v) => names[v], binSaid: (at) => names[at], names };
    }
    let [low, high] = [Infinity, -Infinity];
    for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
    if (!(high > low)) [low, high] = [low - 1, high + 1];
    const say = time ? (v) => `${stamp(v, 1000)} UTC` : exact;
    const step = (high - low) / BINS;
    const short_ = time ? (v) => stamp(v, 60000).slice(5) : short;
    const binSaid = (at) => short_(low + at * step);
    return { name, values, bins: BINS, low, high, say, binSaid, time };
  }

  get box() {
    return { wide: this.width - LEFT - RIGHT, tall: HEIGHT - TOP - BELOW };
  }

  // Where everything stands in a layout: shares of the plot.
  placed(layout) {
    const { x, y } = this.axes;
    const { wide, tall } = this.box;
    const share = ({ values, low, high }) => values.map((v) => (v - low) / (high - low));
    if (layout === "scatter") {
      const size = Math.min(0.009, Math.max(0.0035, 0.5 / Math.sqrt(this.size)));
      const reach = ({ names, bins }) => (names ? 0.38 / bins : size);
      return scatter(share(x), share(y), size, [reach(x), reach(y)]);
    }
    const columns = binned(x.values, x.low, x.high, x.bins);
    if (layout === "columns") {
      return packed(columns, new Uint16Array(this.size), x.bins, 1, this.sorted, wide / tall);
    }
    return packed(columns, binned(y.values, y.low, y.high, y.bins), x.bins, y.bins, this.sorted, wide / tall);
  }

  arrange() {
    this.at = this.placed(this.layout);
    this.way = null;
  }

  arrangeAs(layout) {
    if (layout === this.layout) return;
    const from = this.at;
    this.layout = layout;
    LAYOUTS.forEach(([id], nth) => this.switches[nth].setAttribute("aria-pressed", String(id === layout)));
    this.at = this.placed(layout);
    this.choose(this.chosen);
    if (this.still.matches) {
      this.draw();
      return;
    }
    this.way = { from, start: performance.now() };
    const move = () => {
      if (!this.way) return;
      if (performance.now() - this.way.start >= MOVE_MS) this.way = null;
      this.draw();
      if (this.way) requestAnimationFrame(move);
    };
    move();
  }

  colour(group) {
    if (this.spec.groups[group].rest) return this.colours.faint;
    return this.colours.series[group % this.colours.series.length];
  }

  shown(i) {
    return !this.legend.hidden.has(this.groups[i]);
  }

  place(i, share) {
    const { wide, tall } = this.box;
    let [x, y] = [this.at.x[i], this.at.y[i]];
    if (share < 1) {
      const { from } = this.way;
      [x, y] = [from.x[i] + (x - from.x[i]) * share, from.y[i] + (y - from.y[i]) * share];
    }
    return [LEFT + x * wide, TOP + (1 - y) * tall];
  }

  progress() {
    if (!this.way) return 1;
    const t = Math.min((performance.now() - this.way.start) / MOVE_MS, 1);
    return t * t * (3 - 2 * t);
  }

  paint(context) {
    context.clearRect(0, 0, this.width, this.height);
    this.legend.paint((at) => this.colour(at));
    this.paintAxes(context);
    const share = this.progress();
    const side = this.way ? this.way.from.side + (this.at.side - this.way.from.side) * share : this.at.side;
    const px = Math.max(1.2, side * this.box.wide * 0.88);
    context.globalAlpha = this.layout === "scatter" ? 0.75 : 1;
    // One colour after the other: changing it costs more than drawing a square.
    for (let group = this.spec.groups.length - 1; group >= 0; group--) {
      if (this.legend.hidden.has(group)) continue;
      context.fillStyle = this.colour(group);
      for (let i = 0; i < this.size; i++) {
        if (this.groups[i] !== group) continue;
        const [x, y] = this.place(i, share);
        context.fillRect(x - px / 2, y - px / 2, px, px);
      }
    }
    context.globalAlpha = 1;
  }

  ticksOf(axis, wanted) {
    const inScatter = this.layout === "scatter";
    if (axis.names || !inScatter) {
      // A name stands in the middle of its place; a bin's label at its lower end.
      const middle = axis.names ? 0.5 : 0;
      return Array.from({ length: axis.bins }, (_, at) => ({ at: (at + middle) / axis.bins, label: axis.binSaid(at) }));
    }
    const found = axis.time
      ? timeTicks(axis.low, axis.high, wanted)
      : ticks(rounded(axis.low, axis.high, wanted)).map((at) => ({ at, label: short(at) }));
    return found.map(({ at, label }) => ({ at: (at - axis.low) / (axis.high - axis.low), label })).filter(({ at }) => at >= 0 && at <= 1);
  }

  paintAxes(context) {
    const c = this.colours;
    const { wide, tall } = this.box;
    context.font = "11px sans-serif";
    context.strokeStyle = c.line;
    context.fillStyle = c.faint;
    context.textBaseline = "top";
    context.textAlign = "center";
    let free = -Infinity;
    for (const { at, label } of this.ticksOf(this.axes.x, wide / 100)) {
      const x = LEFT + at * wide;
      const said = clipped(context, label, 110);
      const half = context.measureText(said).width / 2;
      if (x - half < free) continue;
      free = x + half + 8;
      context.fillText(said, Math.min(x, this.width - half), TOP + tall + 6);
    }
    line(context, LEFT, TOP + tall, this.width - RIGHT, TOP + tall);
    context.textAlign = "right";
    context.textBaseline = "middle";
    if (this.layout !== "columns") {
      let above = Infinity;
      for (const { at, label } of this.ticksOf(this.axes.y, tall / 60)) {
        const y = TOP + (1 - at) * tall;
        if (y > above) continue;
        above = y - 13;
        const under = this.layout === "cells" && this.axes.y.names ? y + tall / this.axes.y.bins / 2 : y;
        line(context, LEFT, under, this.width - RIGHT, under);
        context.fillText(clipped(context, label, LEFT - 30), LEFT - 8, y);
      }
    }
    context.textAlign = "center";
    context.fillStyle = c.text;
    context.fillText(clipped(context, this.axes.x.name, wide), LEFT + wide / 2, HEIGHT - 9);
    context.save();
    context.translate(10, TOP + tall / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(this.layout === "columns" ? "rows" : clipped(context, this.axes.y.name, tall), 0, 0);
    context.restore();
    context.textAlign = "left";
  }

  telling() {
    const shown = this.spec.groups.reduce((sum, group, at) => sum + (this.legend.hidden.has(at) ? 0 : group.count), 0);
    const how = {
      scatter: "each square is one row",
      columns: "each square is one row, stacked along the first axis",
      cells: "each square is one row, in cells of both axes",
    }[this.layout];
    return `${count(shown)} of ${count(this.size)} rows · ${how}`;
  }

  markAt(x, y) {
    const reach = Math.max(4, (this.at.side * this.box.wide) / 2);
    let best = -1;
    let nearest = reach;
    for (let i = 0; i < this.size; i++) {
      if (!this.shown(i)) continue;
      const [px, py] = this.place(i, 1);
      const away = Math.max(Math.abs(px - x), Math.abs(py - y));
      if (away < nearest) [best, nearest] = [i, away];
    }
    return best;
  }

  describe(i) {
    const { x, y } = this.axes;
    const pairs = [[x.name, x.say(x.values[i])], [y.name, y.say(y.values[i])]];
    if (this.spec.group_title) pairs.push([this.spec.group_title, this.spec.groups[this.groups[i]].name]);
    for (const each of this.texts) if (i < this.spec.texts) pairs.push([each.name, lookUp(each, i)]);
    return [...pairs, ["row", count(i)]];
  }

  placeOf(i) {
    if (!this.shown(i)) return null;
    const [x, y] = this.place(i, 1);
    return { x, y };
  }

  order() {
    return this.sorted.filter((i) => this.shown(i));
  }

  keys() {
    const layouts = Object.fromEntries(LAYOUTS.map(([id], at) => [at + 1, () => this.arrangeAs(id)]));
    return { ...super.keys(), ...layouts };
  }

  keyHelp() {
    return [
      ...LAYOUTS.map(([, label], at) => [String(at + 1), label.toLowerCase()]),
      ["[ ]", "the row before, after"], ["Esc", "close this"],
    ];
  }
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

window.huntkit.register("units", (figure, plot, spec, blobs) => {
  if (spec.units) return new Units(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
