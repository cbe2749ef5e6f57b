// Rows as lines across upright axes, one per column: what goes together, and what does not.
import { numbers } from "../decode.js";
import { button, make } from "../dom.js";
import { clipped } from "../labels.js";
import { Legend } from "../legend.js";
import { exact, rounded, short, ticks } from "../scales.js";
import { Surface } from "../surface.js";
import { count, stamp, ticks as timeTicks } from "../times.js";

const HEIGHT = 520;
const TOP = 42;
const BELOW = 22;
const SIDE = 110;

class Parallel extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    this.size = spec.lines;
    this.groups = blobs.groups;
    this.counts = numbers(blobs.counts, this.size, spec.count_numbers);
    this.most = this.counts.reduce((most, each) => Math.max(most, each), 1);
    this.axes = spec.axes.map((axis, at) => this.axisOf(axis, numbers(blobs[`axis${at}`], this.size, axis.numbers)));
    this.brushes = this.axes.map(() => null); // from and to, in places from 0 (low) to 1
    this.axis = 0;
    this.legend = new Legend(spec.groups, () => this.draw());
    this.build("parallel coordinates", HEIGHT, [button("Clear", "Clear all choices on axes (key Backspace)", () => this.clear())], { zooms: false });
    this.listenToBrushes();
  }

  axisOf(axis, values) {
    if (axis.names) {
      const last = Math.max(axis.names.length - 1, 1);
      const place = (v) => (axis.names.length === 1 ? 0.5 : 1 - v / last); // the first at the top
      const marks = axis.names.map((label, at) => ({ at: place(at), label }));
      return { ...axis, values, place, marks, say: (v) => axis.names[v] };
    }
    let [low, high] = [Infinity, -Infinity];
    for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
    if (axis.time) {
      const room = high - low || 1;
      const place = (v) => (v - low) / room;
      const marks = timeTicks(low, high, 7).map(({ at, label }) => ({ at: place(at), label }));
      return { ...axis, values, place, marks, say: (v) => `${stamp(v, 1000)} UTC` };
    }
    const scale = rounded(low, high, 6);
    const place = (v) => (v - scale.low) / (scale.high - scale.low);
    const marks = ticks(scale).map((at) => ({ at: place(at), label: short(at) }));
    return { ...axis, values, place, marks, say: exact };
  }

  above() {
    return this.spec.groups.length > 1 ? [this.legend.element] : [];
  }

  x(axis) {
    const room = this.width - 2 * SIDE;
    return SIDE + (this.axes.length > 1 ? (room * axis) / (this.axes.length - 1) : room / 2);
  }

  y(share) {
    return TOP + (1 - share) * (HEIGHT - TOP - BELOW);
  }

  colour(group) {
    if (this.spec.groups[group].rest) return this.colours.faint;
    return this.colours.series[group % this.colours.series.length];
  }

  kept(i) {
    if (this.legend.hidden.has(this.groups[i])) return false;
    return this.brushes.every((brush, at) => {
      if (!brush) return true;
      const place = this.axes[at].place(this.axes[at].values[i]);
      return place >= brush[0] - 1e-9 && place <= brush[1] + 1e-9;
    });
  }

  paint(context) {
    context.clearRect(0, 0, this.width, this.height);
    this.legend.paint((at) => this.colour(at));
    this.chosenOnes = Array.from({ length: this.size }, (_, i) => i).filter((i) => this.kept(i));
    const bright = new Set(this.chosenOnes);
    const narrowed = bright.size < this.size;
    if (narrowed) {
      for (let i = 0; i < this.size; i++) {
        if (!bright.has(i) && !this.legend.hidden.has(this.groups[i])) this.paintLine(context, i, this.colours.faint, 0.08, 1);
      }
    }
    const alpha = Math.max(0.12, Math.min(0.75, 60 / Math.max(bright.size, 1)));
    for (const i of this.chosenOnes) {
      const wide = 0.8 + 3.5 * Math.sqrt(this.counts[i] / this.most);
      this.paintLine(context, i, this.colour(this.groups[i]), alpha, wide);
    }
    if (this.chosen >= 0) this.paintLine(context, this.chosen, this.colours.alarm, 1, 3);
    this.axes.forEach((axis, at) => this.paintAxis(context, axis, at));
  }

  paintLine(context, i, colour, alpha, wide) {
    context.strokeStyle = colour;
    context.globalAlpha = alpha;
    context.lineWidth = wide;
    context.beginPath();
    this.axes.forEach((axis, at) => context[at ? "lineTo" : "moveTo"](this.x(at), this.y(axis.place(axis.values[i]))));
    context.stroke();
    context.globalAlpha = 1;
  }

  paintAxis(context, axis, at) {
    const c = this.colours;
    const x = this.x(at);
    const apart = this.axes.length > 1 ? this.x(1) - this.x(0) : 300;
    context.strokeStyle = at === this.axis ? c.handle : c.faint;
    context.lineWidth = at === this.axis ? 2 : 1;
    context.beginPath();
    context.moveTo(x, TOP);
    context.lineTo(x, HEIGHT - BELOW);
    context.stroke();
    context.font = "bold 12px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = c.text;
    context.fillText(clipped(context, axis.name, Math.min(apart - 12, 2 * SIDE - 20)), x, 16);
    const brush = this.brushes[at];
    if (brush) {
      context.fillStyle = c.filler;
      context.strokeStyle = c.handle;
      const [top, bottom] = [this.y(brush[1]) - 3, this.y(brush[0]) + 3];
      context.fillRect(x - 7, top, 14, bottom - top);
      context.strokeRect(x - 7, top, 14, bottom - top);
    }
    this.paintMarks(context, axis, x, apart);
  }

  // Names to the left of the first axis, to the right of the others; those that would touch are left out.
  paintMarks(context, axis, x, apart) {
    const first = axis === this.axes[0];
    context.font = "11px sans-serif";
    context.textAlign = first ? "right" : "left";
    const room = Math.min(first ? SIDE - 14 : apart - 20, SIDE + 20);
    let free = Infinity;
    for (const { at, label } of [...axis.marks].sort((a, b) => a.at - b.at)) {
      const y = this.y(at);
      if (y > free) continue;
      free = y - 12;
      const said = clipped(context, label, room);
      const left = first ? x - 7 : x + 7;
      context.lineWidth = 3;
      context.strokeStyle = this.colours.ground;
      context.strokeText(said, left, y);
      context.fillStyle = this.colours.faint;
      context.fillText(said, left, y);
    }
    context.textAlign = "left";
  }

  telling() {
    const rows = this.chosenOnes.reduce((sum, i) => sum + this.counts[i], 0);
    const all = this.counts.reduce((sum, each) => sum + each, 0);
    return `${count(rows)} of ${count(all)} rows in ${count(this.chosenOnes.length)} of ${count(this.size)} lines` +
      (this.brushes.some(Boolean) ? " · Backspace clears the choice" : " · drag along an axis to choose");
  }

  // Dragging along an axis chooses a range on it.
  listenToBrushes() {
    let held = null;
    const share = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return Math.min(Math.max(1 - (event.clientY - box.top - TOP) / (HEIGHT - TOP - BELOW), 0), 1);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      const x = event.clientX - this.canvas.getBoundingClientRect().left;
      const at = this.axes.findIndex((_, axis) => Math.abs(this.x(axis) - x) < 12);
      if (at >= 0) held = { at, from: share(event) };
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      const to = share(event);
      if (Math.abs(to - held.from) < 0.01) return;
      this.axis = held.at;
      this.brushes[held.at] = [Math.min(held.from, to), Math.max(held.from, to)];
      this.soon();
    });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => {
      held = null;
    });
  }

  // A brush keeps some of the lines; null is all of them.
  state() {
    return { ...super.state(), kept: this.brushes.some(Boolean) ? this.chosenOnes : null };
  }

  clear() {
    this.brushes.fill(null);
    this.draw();
  }

  // Keeps the lines that agree with the chosen one on the axis in focus.
  keepAlike() {
    if (this.chosen < 0) return;
    const axis = this.axes[this.axis];
    const place = axis.place(axis.values[this.chosen]);
    const air = axis.names ? 0 : 0.02;
    this.brushes[this.axis] = [place - air, place + air];
    this.draw();
  }

  markAt(x, y) {
    const at = this.axes.findIndex((_, axis) => this.x(axis) > x);
    if (at <= 0) return -1;
    const share = (x - this.x(at - 1)) / (this.x(at) - this.x(at - 1));
    let best = -1;
    let nearest = 7;
    const [left, right] = [this.axes[at - 1], this.axes[at]];
    for (const i of this.chosenOnes) {
      const [from, to] = [this.y(left.place(left.values[i])), this.y(right.place(right.values[i]))];
      const away = Math.abs(from + (to - from) * share - y);
      if (away < nearest) [best, nearest] = [i, away];
    }
    return best;
  }

  describe(i) {
    const pairs = this.axes.map((axis) => [axis.name, axis.say(axis.values[i])]);
    if (this.spec.group_title) pairs.push([this.spec.group_title, this.spec.groups[this.groups[i]].name]);
    return [...pairs, ["rows", count(this.counts[i])]];
  }

  choose(i) {
    super.choose(i);
    this.draw();
  }

  placeOf(i) {
    if (!this.kept(i)) return null;
    const axis = this.axes[this.axis];
    return { x: this.x(this.axis), y: this.y(axis.place(axis.values[i])) };
  }

  order() {
    return this.chosenOnes;
  }

  focusAxis(by) {
    this.axis = Math.min(Math.max(this.axis + by, 0), this.axes.length - 1);
    this.draw();
  }

  keys() {
    return {
      ...super.keys(),
      ArrowLeft: () => this.focusAxis(-1), ArrowRight: () => this.focusAxis(1),
      Enter: () => this.keepAlike(), Backspace: () => this.clear(),
    };
  }

  keyHelp() {
    return [
      ["[ ]", "the line before, after"], ["← →", "the axis before, after"],
      ["Enter", "keep the lines that agree with the chosen one on that axis"],
      ["Backspace", "keep all again"], ["drag", "along an axis: choose a range"], ["Esc", "close this"],
    ];
  }
}

window.huntkit.register("parallel", (figure, plot, spec, blobs) => {
  if (spec.lines) return new Parallel(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
