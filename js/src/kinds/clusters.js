// Points in a plane, coloured by the cluster they were found in.
import { column, lookUp, numbers, text } from "../decode.js";
import { make } from "../dom.js";
import { clipped } from "../labels.js";
import { Legend } from "../legend.js";
import { mark } from "../marks.js";
import { exact, rounded, short, ticks } from "../scales.js";
import { Surface } from "../surface.js";
import { count, stamp, ticks as timeTicks } from "../times.js";

const HEIGHT = 560;
const LEFT = 76;
const BELOW = 44;
const TOP = 8;
const RIGHT = 14;

class Clusters extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    this.size = spec.points;
    this.values = { x: numbers(blobs.x, this.size, spec.numbers.x), y: numbers(blobs.y, this.size, spec.numbers.y) };
    this.groups = blobs.groups;
    this.counts = numbers(blobs.counts, this.size, spec.numbers.counts);
    this.most = this.counts.reduce((most, each) => Math.max(most, each), 1);
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.range = { x: spread(this.values.x), y: spread(this.values.y) };
    this.legend = new Legend(spec.groups, () => this.draw());
    this.build("clusters", HEIGHT);
  }

  above() {
    return this.spec.groups.length > 1 ? [this.legend.element] : [];
  }

  get plotWidth() {
    return this.width - LEFT - RIGHT;
  }

  get plotHeight() {
    return HEIGHT - TOP - BELOW;
  }

  // The view scales both ways alike; the plane's own shape follows that of the plot.
  fit() {
    this.least = 1;
    this.view = { k: 1, x: 0, y: 0 };
    this.draw();
  }

  planeX(i) {
    const { low, high } = this.range.x;
    return LEFT + ((this.values.x[i] - low) / (high - low)) * this.plotWidth;
  }

  planeY(i) {
    const { low, high } = this.range.y;
    return TOP + (1 - (this.values.y[i] - low) / (high - low)) * this.plotHeight;
  }

  place(i) {
    return this.toScreen(this.planeX(i), this.planeY(i));
  }

  // What stands at a place of the canvas.
  valueAt(axis, at) {
    const { low, high } = this.range[axis];
    const plane = (at - this.view[axis]) / this.view.k;
    const share = axis === "x" ? (plane - LEFT) / this.plotWidth : 1 - (plane - TOP) / this.plotHeight;
    return low + share * (high - low);
  }

  colour(group) {
    if (this.spec.groups[group].alarm) return this.colours.alarm;
    if (this.spec.groups[group].rest) return this.colours.faint;
    return this.colours.series[group % this.colours.series.length];
  }

  // What nobody looks for is painted first, what everybody does last.
  layer(group) {
    const { alarm, rest } = this.spec.groups[group];
    return alarm ? 2 : rest ? 0 : 1;
  }

  radius(i) {
    const least = this.spec.groups[this.groups[i]].alarm ? 5 : 3.2;
    return least + 9 * Math.sqrt((this.counts[i] - 1) / Math.max(this.most - 1, 1));
  }

  shown(i) {
    return !this.legend.hidden.has(this.groups[i]);
  }

  inPlot([x, y]) {
    return x >= LEFT - 6 && x <= this.width - RIGHT + 6 && y >= TOP - 6 && y <= HEIGHT - BELOW + 6;
  }

  paint(context) {
    this.legend.paint((at) => this.colour(at));
    context.clearRect(0, 0, this.width, this.height);
    this.paintAxes(context);
    context.save();
    context.beginPath();
    context.rect(LEFT - 8, 0, this.plotWidth + 16, TOP + this.plotHeight + 8);
    context.clip();
    for (const layer of [0, 1, 2]) {
      for (let i = 0; i < this.size; i++) {
        if (!this.shown(i) || this.layer(this.groups[i]) !== layer) continue;
        const [x, y] = this.place(i);
        mark(context, this.groups[i], x, y, this.radius(i), this.colour(this.groups[i]));
      }
    }
    context.restore();
  }

  ticksOf(axis, from, to, wanted) {
    const [low, high] = [this.valueAt(axis, from), this.valueAt(axis, to)].sort((a, b) => a - b);
    if (this.spec[`${axis}_time`]) return timeTicks(low, high, wanted);
    const labels = axis === "x" ? this.spec.x_names : this.spec.y_names;
    return ticks(rounded(low, high, wanted))
      .filter((at) => at >= low && at <= high && (!labels || labels[at] !== undefined))
      .map((at) => ({ at, label: labels ? labels[at] : short(at) }));
  }

  paintAxes(context) {
    const c = this.colours;
    context.font = "11px sans-serif";
    context.fillStyle = c.faint;
    context.strokeStyle = c.line;
    context.lineWidth = 1;
    context.textBaseline = "top";
    context.textAlign = "center";
    const { low, high } = this.range.x;
    for (const { at, label } of this.ticksOf("x", LEFT, this.width - RIGHT, this.plotWidth / 100)) {
      const [x] = this.toScreen(LEFT + ((at - low) / (high - low)) * this.plotWidth, 0);
      line(context, x, TOP, x, TOP + this.plotHeight);
      context.fillText(clipped(context, label, 100), x, TOP + this.plotHeight + 6);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    const tall = this.range.y;
    for (const { at, label } of this.ticksOf("y", TOP + this.plotHeight, TOP, this.plotHeight / 60)) {
      const [, y] = this.toScreen(0, TOP + (1 - (at - tall.low) / (tall.high - tall.low)) * this.plotHeight);
      line(context, LEFT, y, this.width - RIGHT, y);
      context.fillText(clipped(context, label, LEFT - 26), LEFT - 6, y);
    }
    context.textAlign = "center";
    context.fillStyle = c.text;
    context.fillText(clipped(context, this.spec.x_name, this.plotWidth), LEFT + this.plotWidth / 2, HEIGHT - 10);
    context.save();
    context.translate(10, TOP + this.plotHeight / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(clipped(context, this.spec.y_name, this.plotHeight), 0, 0);
    context.restore();
    context.textAlign = "left";
  }

  telling() {
    const inView = Array.from({ length: this.size }, (_, i) => i)
      .filter((i) => this.shown(i) && this.inPlot(this.place(i))).length;
    return `${count(inView)} of ${count(this.size)} marks in view`;
  }

  markAt(x, y) {
    let best = -1;
    let nearest = 8;
    for (let i = 0; i < this.size; i++) {
      if (!this.shown(i)) continue;
      const [px, py] = this.place(i);
      const away = Math.hypot(px - x, py - y) - this.radius(i);
      if (away < nearest) [best, nearest] = [i, away];
    }
    return best;
  }

  describe(i) {
    const { spec } = this;
    const said = (axis) => {
      if (spec[`${axis}_time`]) return `${stamp(this.values.x[i], 1000)} UTC`;
      const names = axis === "x" ? spec.x_names : spec.y_names;
      return names ? names[this.values[axis][i]] : exact(this.values[axis][i]);
    };
    const pairs = [
      [spec.group_title, spec.groups[this.groups[i]].name],
      [spec.x_name, said("x")], [spec.y_name, said("y")], [spec.count_title, count(this.counts[i])],
    ];
    for (const each of this.texts) pairs.push([each.name, lookUp(each, i)]);
    return pairs;
  }

  placeOf(i) {
    const [x, y] = this.place(i);
    return this.shown(i) && this.inPlot([x, y]) ? { x, y } : null;
  }

  reveal(i) {
    const [x, y] = this.place(i);
    if (this.inPlot([x, y])) return;
    this.view.x += LEFT + this.plotWidth / 2 - x;
    this.view.y += TOP + this.plotHeight / 2 - y;
    this.draw();
  }

  order() {
    return Array.from({ length: this.size }, (_, i) => i).filter((i) => this.shown(i));
  }
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

// The lowest and highest value with some air around them.
function spread(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const air = (high - low) * 0.05 || Math.abs(low) * 0.1 || 1;
  return { low: low - air, high: high + air };
}

window.huntkit.register("clusters", (figure, plot, spec, blobs) => {
  if (spec.points) return new Clusters(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
