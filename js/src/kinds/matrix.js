// How often two things meet: a field of cells, the stronger the colour the larger the number.
import { numbers } from "../decode.js";
import { make } from "../dom.js";
import { clipped, widest } from "../labels.js";
import { rgb } from "../palette.js";
import { exact, short } from "../scales.js";
import { Surface } from "../surface.js";
import { count } from "../times.js";

const LEGEND = 34;
const FONT = "12px sans-serif";

class Matrix extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    this.columns = spec.xs.length;
    this.rows = spec.ys.length;
    this.values = new Float64Array(this.columns * this.rows).fill(NaN);
    const found = numbers(blobs.values, spec.cells, spec.numbers);
    for (let i = 0; i < spec.cells; i++) this.values[blobs.y[i] * this.columns + blobs.x[i]] = found[i];
    this.rowSums = spec.ys.map((_, y) => this.sum(y * this.columns, 1, this.columns));
    this.columnSums = spec.xs.map((_, x) => this.sum(x, this.columns, this.rows));
    this.walk = Array.from(this.values.keys()).filter((i) => !Number.isNaN(this.values[i]));
    this.walk.sort((a, b) => this.values[b] - this.values[a] || a - b);
    this.head = Math.ceil(Math.min(widest(spec.xs, 170) * 0.72 + 24, 148));
    this.tall = Math.max(15, Math.min(34, Math.floor(620 / this.rows)));
    this.build("matrix", this.head + this.rows * this.tall + LEGEND + 8, [], { zooms: false });
  }

  sum(from, by, n) {
    let total = 0;
    for (let i = 0; i < n; i++) total += this.values[from + i * by] || 0;
    return total;
  }

  arrange() {
    this.leftSide = Math.ceil(Math.min(widest(this.spec.ys, 260), this.width * 0.28)) + 14;
    // The slanted names of the last columns need room to the right.
    const room = this.width - this.leftSide - Math.min(90, this.head * 0.75);
    this.wide = Math.max(4, Math.min(64, room / this.columns));
  }

  // From 0 to 1: how strong a number looks.
  strength(value) {
    if (this.spec.show === "presence") return 0.75;
    const { low, high, log } = this.spec.scale;
    if (!(high > low)) return 0.75;
    const raw = log && low > 0
      ? Math.log(value / low) / Math.log(high / low)
      : (value - Math.min(low, 0)) / (high - Math.min(low, 0));
    const share = Math.min(Math.max(raw, 0), 1);
    return this.spec.show === "rare" ? 1 - share : share;
  }

  colourOf(share, rest) {
    const [from, to] = this.colours.ramp.map(rgb);
    const mixed = from.map((each, i) => Math.round(each + (to[i] - each) * share));
    if (!rest) return `rgb(${mixed.join(",")})`;
    const grey = Math.round(mixed.reduce((a, b) => a + b) / 3);
    return `rgb(${grey},${grey},${grey})`;
  }

  paint(context) {
    const { spec, columns, rows, wide, tall } = this;
    const [left, top] = [this.leftSide, this.head];
    const c = this.colours;
    context.clearRect(0, 0, this.width, this.height);
    context.font = FONT;
    context.textBaseline = "middle";
    context.fillStyle = c.band;
    context.fillRect(left, top, columns * wide, rows * tall);
    const gap = wide > 8 ? 1 : 0;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const value = this.values[y * columns + x];
        if (Number.isNaN(value)) continue;
        const share = this.strength(value);
        const rest = (spec.rest_x && x === columns - 1) || (spec.rest_y && y === rows - 1);
        context.fillStyle = this.colourOf(share, rest);
        context.fillRect(left + x * wide, top + y * tall, wide - gap, tall - 1);
        this.paintNumber(context, value, share, left + (x + 0.5) * wide, top + (y + 0.5) * tall);
      }
    }
    this.paintNames(context, left, top);
    this.paintLegend(context, left, top + rows * tall + 14);
  }

  paintNumber(context, value, share, x, y) {
    const said = short(value);
    if (this.wide < 30 || context.measureText(said).width > this.wide - 6) return;
    const [dark, light] = [this.colours.text, this.colours.ground];
    context.textAlign = "center";
    context.fillStyle = share > 0.5 ? light : dark;
    context.fillText(said, x, y);
    context.textAlign = "left";
  }

  paintNames(context, left, top) {
    const { spec, wide, tall } = this;
    context.fillStyle = this.colours.text;
    context.textAlign = "right";
    spec.ys.forEach((name, y) => {
      context.fillText(clipped(context, name, left - 14), left - 7, top + (y + 0.5) * tall);
    });
    context.textAlign = "left";
    const every = Math.ceil(13 / wide);
    spec.xs.forEach((name, x) => {
      if (x % every) return;
      context.save();
      context.translate(left + (x + 0.5) * wide, top - 6);
      context.rotate(-Math.PI / 4);
      context.fillText(clipped(context, name, (this.head - 22) / 0.72), 0, 0);
      context.restore();
    });
  }

  paintLegend(context, left, y) {
    const { show, scale, value_name: name } = this.spec;
    context.fillStyle = this.colours.faint;
    if (show === "presence") {
      context.fillText("coloured: they meet", left, y + 6);
      return;
    }
    const wide = 160;
    const ends = show === "rare" ? [scale.high, scale.low] : [scale.low, scale.high];
    const first = short(ends[0]);
    context.fillText(first, left, y + 6);
    const from = Math.round(left + context.measureText(first).width + 8);
    for (let i = 0; i < wide; i++) {
      context.fillStyle = this.colourOf(i / wide, false);
      context.fillRect(from + i, y, i < wide - 1 ? 2 : 1, 12);
    }
    context.fillStyle = this.colours.faint;
    const more = `${short(ends[1])}  ${name}${scale.log ? " (log scale)" : ""}`;
    context.fillText(clipped(context, more, this.width - from - wide - 12), from + wide + 8, y + 6);
  }

  telling() {
    return `${count(this.rows)} × ${count(this.columns)} cells · ` +
      `${count(this.spec.cells)} of ${count(this.rows * this.columns)} filled`;
  }

  markAt(x, y) {
    const column = Math.floor((x - this.leftSide) / this.wide);
    const row = Math.floor((y - this.head) / this.tall);
    const inside = column >= 0 && column < this.columns && row >= 0 && row < this.rows;
    return inside ? row * this.columns + column : -1;
  }

  describe(index) {
    const [x, y] = [index % this.columns, Math.floor(index / this.columns)];
    const { spec } = this;
    const value = this.values[index];
    const pairs = [[spec.y_name, spec.ys[y]], [spec.x_name, spec.xs[x]]];
    if (Number.isNaN(value)) return [...pairs, [spec.value_name, "none"]];
    pairs.push([spec.value_name, exact(value)]);
    if (spec.adds_up) {
      const share = (part, whole) => `${+((100 * part) / whole).toPrecision(3)} % of ${exact(whole)}`;
      if (this.rowSums[y]) pairs.push(["of the row", share(value, this.rowSums[y])]);
      if (this.columnSums[x]) pairs.push(["of the column", share(value, this.columnSums[x])]);
    }
    return pairs;
  }

  placeOf(index) {
    return {
      x: this.leftSide + ((index % this.columns) + 0.5) * this.wide,
      y: this.head + (Math.floor(index / this.columns) + 0.5) * this.tall,
    };
  }

  knows(mark) {
    return mark < this.values.length;
  }

  order() {
    return this.walk;
  }

  go(dx, dy) {
    if (this.chosen < 0) {
      this.choose(0);
      return;
    }
    const x = Math.min(Math.max((this.chosen % this.columns) + dx, 0), this.columns - 1);
    const y = Math.min(Math.max(Math.floor(this.chosen / this.columns) + dy, 0), this.rows - 1);
    this.choose(y * this.columns + x);
  }

  keys() {
    return {
      ...super.keys(),
      ArrowLeft: () => this.go(-1, 0), ArrowRight: () => this.go(1, 0),
      ArrowUp: () => this.go(0, -1), ArrowDown: () => this.go(0, 1),
      Home: () => this.choose(0),
    };
  }

  keyHelp() {
    return [
      ["← → ↑ ↓", "from cell to cell"], ["]", "the next smaller number, from the largest"],
      ["[", "the next larger one"], ["Esc", "close this"],
    ];
  }
}

window.huntkit.register("matrix", (figure, plot, spec, blobs) => {
  if (spec.cells) return new Matrix(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
