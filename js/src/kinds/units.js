// Every row as a unit that moves between layouts: flat ones (scatter, columns, cells) and ones in
// space (stacks, space, blocks).
import { between, eased, fitted, picked, projector, viewBetween } from "../camera.js";
import { CanvasPainter } from "../canvaspainter.js";
import { column, lookUp, numbers, text } from "../decode.js";
import { button, make } from "../dom.js";
import { GpuPainter, hindrance } from "../gpupainter.js";
import { binned, packed, scatter } from "../layouts.js";
import { Legend } from "../legend.js";
import { edges, flatAxes, walls } from "../scaffold.js";
import { blocks, space, stacks } from "../spaces.js";
import { Surface } from "../surface.js";
import { count } from "../times.js";
import { binTicks, heightTicks, shares, unitAxis, valueTicks } from "../unitaxes.js";

const HEIGHT = 580;
const BOX = { left: 120, right: 16, top: 10, below: 48 };
const LEAST = 60; // pixels of room, however narrow the frame; one that is hidden has none
const FLAT = 0.01; // pixels that a flat unit is thick
const YAW = -0.38;
const PITCHES = [0.42, 0.5, 0.58, 0.66, 0.74];
const IDLE_MS = 160; // after so long without a move, the picture is painted finely
const LAYOUTS = {
  scatter: ["Scatter", "at its own values"],
  columns: ["Columns", "stacked along the first axis"],
  cells: ["Cells", "in cells of both axes"],
  stacks: ["Stacks", "stacked on the cells of both axes"],
  space: ["Space", "at its own values of three columns"],
  blocks: ["Blocks", "in cells of three columns"],
};
const DEEP = new Set(["stacks", "space", "blocks"]);
const OWN = new Set(["scatter", "space"]); // units stand at their own values

class Units extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    this.size = spec.units;
    this.groups = blobs.groups;
    this.axes = {};
    for (const id of ["x", "y", "z"]) {
      if (spec[id]) this.axes[id] = unitAxis(spec[id], numbers(blobs[id], this.size, spec[id].numbers));
    }
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.layout = spec.layout;
    this.turned = null; // by the reader
    this.sorted = Array.from({ length: this.size }, (_, i) => i).sort((a, b) => this.groups[a] - this.groups[b] || a - b);
    this.turns = new Float32Array(this.size);
    this.sorted.forEach((i, nth) => {
      this.turns[i] = nth / this.size;
    });
    this.legend = new Legend(spec.groups, () => this.rearranged());
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.switches = spec.layouts.map((id, at) => {
      const [label, how] = LAYOUTS[id];
      const found = button(label, `${label}: each unit ${how} (key ${at + 1})`, () => this.arrangeAs(id));
      found.setAttribute("aria-pressed", String(id === spec.layout));
      return found;
    });
    this.note = make("p", "hk-note hk-painter", "");
    this.painter = this.painterFor();
    this.build("units", HEIGHT, this.switches);
    this.stage.after(this.note);
    this.tellPainter();
  }

  tellPainter() {
    this.stage.dataset.painter = this.painter instanceof GpuPainter ? "gpu" : "canvas";
  }

  painterFor() {
    const asked = this.spec.renderer;
    const why = asked === "canvas" ? "" : asked === "gpu" ? null : hindrance();
    if (why === null) {
      try {
        return new GpuPainter(this.groups, this.spec.groups.length, this.turns, () => this.fallBack("the graphics card was lost"));
      } catch (error) {
        return this.onCanvas(`the graphics card refused (${error.message})`);
      }
    }
    return this.onCanvas(why);
  }

  onCanvas(why) {
    if (why) this.note.textContent = `Drawn without the graphics card: ${why}. The picture is the same.`;
    return new CanvasPainter(this.groups, this.turns);
  }

  fallBack(why) {
    this.painter = this.onCanvas(why);
    this.tellPainter();
    this.rearranged();
  }

  above() {
    return this.spec.groups.length > 1 ? [this.legend.element] : [];
  }

  get box() {
    return { left: BOX.left, top: BOX.top, wide: Math.max(LEAST, this.width - BOX.left - BOX.right), tall: HEIGHT - BOX.top - BOX.below };
  }

  get deep() {
    return DEEP.has(this.layout);
  }

  // The box that a layout fills, in pixels of the world; low stacks leave some of its room.
  get dims() {
    const [wide, tall, deep] = this.most;
    return [wide, this.at.tall ?? tall, deep];
  }

  get most() {
    const { wide, tall } = this.box;
    if (!this.deep) return [wide, tall, FLAT];
    const depth = this.layout === "stacks" ? this.axes.y : this.axes.z;
    const across = Math.min(wide, 1200);
    return [across, tall * 0.56, across * Math.min(0.45, Math.max(0.25, depth.bins / this.axes.x.bins))];
  }

  placed() {
    const { most: dims, sorted, size } = this;
    const { x, y, z } = this.axes;
    const bins = (axis) => binned(axis.values, axis.low, axis.high, axis.bins);
    const reach = (axis) => (axis.names ? 0.38 / axis.bins : 0.004);
    if (this.layout === "stacks") return lowered(stacks(bins(x), bins(y), x.bins, y.bins, sorted, dims), dims[1]);
    if (this.layout === "blocks") return blocks(bins(x), bins(y), bins(z), [x.bins, y.bins, z.bins], sorted, dims);
    if (this.layout === "space") {
      const side = Math.min(9, Math.max(2.6, 110 / Math.cbrt(size)));
      return space(shares(x), shares(y), shares(z), side, [reach(x), reach(y), reach(z)], dims);
    }
    return this.flat(dims, bins, reach);
  }

  flat([wide, tall], bins, reach) {
    const { x, y } = this.axes;
    let found;
    if (this.layout === "scatter") {
      const side = Math.min(0.009, Math.max(0.0035, 0.5 / Math.sqrt(this.size)));
      const least = (axis) => (axis.names ? reach(axis) : side);
      found = scatter(shares(x), shares(y), side, [least(x), least(y)]);
    } else if (this.layout === "columns") {
      found = packed(bins(x), new Uint16Array(this.size), x.bins, 1, this.sorted, wide / tall);
    } else {
      found = packed(bins(x), bins(y), x.bins, y.bins, this.sorted, wide / tall);
    }
    const side = Math.max(1.2, found.side * wide * 0.88);
    return {
      x: found.x.map((at) => (at - 0.5) * wide),
      y: found.y.map((at) => (at - 0.5) * tall),
      z: new Float32Array(this.size),
      size: [side, side, FLAT],
      heights: this.layout === "columns" && heightTicks(found.levels, found.across, found.rise, 1),
    };
  }

  fit() {
    this.turned = null;
    this.refit();
    this.thin();
    this.draw();
  }

  refit() {
    const { left, top, wide, tall } = this.box;
    if (!this.deep) this.eye = { yaw: 0, pitch: 0, k: 1, cx: left + wide / 2, cy: top + tall / 2 };
    else {
      const room = { left: 110, top: 30, wide: Math.max(LEAST, this.width - 240), tall: HEIGHT - 30 - 70 };
      const tipped = (pitch) => fitted(this.dims, this.turned?.yaw ?? YAW, pitch, room);
      const tries = (this.turned ? [this.turned.pitch] : PITCHES).map(tipped);
      // From as high as costs no size: what is low is best seen from above.
      this.eye = tries.findLast(({ k }) => k >= tries[0].k * 0.97);
    }
    this.fullest = this.eye.k;
  }

  arrange() {
    this.at = this.placed();
    this.refit();
    this.rest();
  }

  // Units stand still where they are.
  rest() {
    this.way = null;
    this.painter.arrange(this.at, this.at, this.legend.hidden);
  }

  // After groups were hidden or shown, or the painter was changed.
  rearranged() {
    this.rest();
    this.draw();
  }

  arrangeAs(layout) {
    if (layout === this.layout) return;
    const share = this.progress();
    const from = this.way ? between(this.way.from, this.at, share, this.turns) : this.at;
    const eye = this.seen();
    this.layout = layout;
    this.spec.layouts.forEach((id, nth) => this.switches[nth].setAttribute("aria-pressed", String(id === layout)));
    this.at = this.placed();
    this.refit();
    this.hover(-1, -1);
    if (this.still.matches) {
      this.rest();
      this.draw();
      return;
    }
    this.painter.arrange(from, this.at, this.legend.hidden);
    this.way = { from, eye, start: performance.now() };
    this.travel();
  }

  travel() {
    const way = this.way;
    const step = () => {
      if (this.way !== way) return;
      if (performance.now() - way.start >= this.spec.move_ms) this.way = null;
      this.draw();
      if (this.way) requestAnimationFrame(step);
    };
    step();
  }

  progress() {
    return this.way ? Math.min(1, (performance.now() - this.way.start) / this.spec.move_ms) : 1;
  }

  seen() {
    return this.way ? viewBetween(this.way.eye, this.eye, this.progress()) : this.eye;
  }

  colour(group) {
    if (this.spec.groups[group].rest) return this.colours.faint;
    return this.colours.series[group % this.colours.series.length];
  }

  shown(i) {
    return !this.legend.hidden.has(this.groups[i]);
  }

  paint(context) {
    const share = this.progress();
    const view = this.seen();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    context.clearRect(0, 0, this.width, HEIGHT);
    this.legend.paint((at) => this.colour(at));
    const axes = this.deep ? this.deepAxes() : null;
    context.globalAlpha = eased(share, 1);
    if (axes) walls(context, this.colours, view, this.dims, axes);
    else this.paintFlat(context);
    context.globalAlpha = 1;
    const colours = this.spec.groups.map((_, group) => this.colour(group));
    const fine = !this.way && !this.moving;
    const picture = this.painter.paint({ view, share, colours, width: this.width, height: HEIGHT, ratio, fine });
    context.save();
    if (!this.deep && !this.way) {
      const { left, top, wide, tall } = this.box;
      context.beginPath();
      context.rect(left, top - 8, wide + BOX.right, tall + 8); // nothing on the labels
      context.clip();
    }
    context.drawImage(picture, 0, 0, this.width, HEIGHT);
    this.stage.setAttribute("aria-busy", String(!fine));
    context.restore();
    context.globalAlpha = eased(share, 1);
    if (axes) edges(context, this.colours, view, this.dims, axes, this.width);
    context.globalAlpha = 1;
  }

  deepAxes() {
    const { x, y, z } = this.axes;
    if (this.layout === "stacks") {
      const { levels, perLevel, side } = this.at;
      const ticks = heightTicks(levels, perLevel, side, this.dims[1]);
      return { x: named(x, binTicks(x)), y: { name: "rows", ticks }, z: named(y, binTicks(y)) };
    }
    const ticksOf = this.layout === "blocks" ? binTicks : (axis) => valueTicks(axis, 6);
    return { x: named(x, ticksOf(x)), y: named(y, ticksOf(y)), z: named(z, ticksOf(z)) };
  }

  paintFlat(context) {
    const { x, y } = this.axes;
    const box = this.box;
    const { k, cx, cy } = this.eye;
    const across = (share) => cx + k * (share - 0.5) * box.wide;
    const up = (share) => cy - k * (share - 0.5) * box.tall;
    const own = this.layout === "scatter";
    const from = 0.5 + (box.left - cx) / (k * box.wide);
    const below = 0.5 + (cy - box.top - box.tall) / (k * box.tall);
    const ticks = own ? valueTicks(x, box.wide / 100, from, from + 1 / k) : binTicks(x);
    const upright = own ? valueTicks(y, box.tall / 60, below, below + 1 / k) : binTicks(y);
    const columns = this.layout === "columns";
    flatAxes(context, this.colours, box, {
      across, up, width: this.width,
      x: { name: x.title, ticks },
      y: { name: columns ? "rows" : y.title, ticks: columns ? this.at.heights : upright },
    });
  }

  zoom(factor, x = this.eye.cx, y = this.eye.cy) {
    const { k, cx, cy } = this.eye;
    const next = Math.min(Math.max(k * factor, this.fullest * 0.5), this.fullest * 60);
    const grown = next / k;
    this.eye = { ...this.eye, k: next, cx: x + (cx - x) * grown, cy: y + (cy - y) * grown };
    this.thin();
    this.moved();
  }

  // From near, units at their own values grow less than the distances between them, so that a
  // heap comes apart.
  thin() {
    if (!OWN.has(this.layout)) return;
    const { size, full = size } = this.at;
    const less = Math.max(1, this.eye.k / this.fullest) ** -0.75;
    this.at = { ...this.at, full, size: full.map((side) => side * less) };
    this.rest();
  }

  // Draws at once, and finely when the hand rests.
  moved() {
    clearTimeout(this.moving);
    this.moving = setTimeout(() => {
      this.moving = 0;
      this.soon();
    }, IDLE_MS);
    this.soon();
  }

  // Dragging turns what stands in space, and moves what is flat or is dragged with Shift.
  pan(dx, dy) {
    this.hover(-1, -1);
    if (this.deep && !this.shifting) {
      const { yaw, pitch } = this.eye;
      this.turned = { yaw: yaw + dx * 0.006, pitch: Math.min(1.5, Math.max(0.06, pitch + dy * 0.006)) };
      this.eye = { ...this.eye, ...this.turned };
    } else this.eye = { ...this.eye, cx: this.eye.cx + dx, cy: this.eye.cy + dy };
    this.moved();
  }

  listen() {
    super.listen();
    this.stage.addEventListener("pointermove", (event) => {
      this.shifting = event.shiftKey;
    }, true);
  }

  key(event) {
    this.shifting = event.shiftKey;
    super.key(event);
  }

  telling() {
    const shown = this.spec.groups.reduce((sum, group, at) => sum + (this.legend.hidden.has(at) ? 0 : group.count), 0);
    return `${count(shown)} of ${count(this.size)} rows · each unit is one row, ${LAYOUTS[this.layout][1]}`;
  }

  markAt(x, y) {
    if (this.way) return -1;
    return picked(this.eye, this.at, (i) => this.shown(i), x, y);
  }

  describe(i) {
    const pairs = Object.values(this.axes).map((axis) => [axis.name, axis.say(axis.values[i])]);
    const known = pairs.some(([name]) => name === this.spec.group_title);
    if (this.spec.group_title && !known) pairs.push([this.spec.group_title, this.spec.groups[this.groups[i]].name]);
    for (const each of this.texts) if (i < this.spec.texts) pairs.push([each.name, lookUp(each, i)]);
    return [...pairs, ["row", count(i)]];
  }

  placeOf(i) {
    if (!this.shown(i) || this.way) return null;
    const [x, y] = projector(this.eye)(this.at.x[i], this.at.y[i], this.at.z[i]);
    return { x, y };
  }

  reveal(i) {
    const place = this.placeOf(i);
    if (!place) return;
    const inside = place.x > 10 && place.x < this.width - 10 && place.y > 10 && place.y < HEIGHT - 10;
    if (inside) return;
    this.eye = { ...this.eye, cx: this.eye.cx + this.width / 2 - place.x, cy: this.eye.cy + HEIGHT / 2 - place.y };
    this.draw();
  }

  order() {
    return this.sorted.filter((i) => this.shown(i));
  }

  keys() {
    const layouts = Object.fromEntries(this.spec.layouts.map((id, at) => [at + 1, () => this.arrangeAs(id)]));
    return { ...super.keys(), ...layouts };
  }

  keyHelp() {
    return [
      ...this.spec.layouts.map((id, at) => [String(at + 1), `${LAYOUTS[id][0].toLowerCase()}: ${LAYOUTS[id][1]}`]),
      ["← → ↑ ↓", "turn what stands in space, move what is flat (also by dragging)"],
      ["Shift + ← → ↑ ↓", "move (also by dragging with Shift)"],
      ["+ −", "zoom in, out (also the wheel, double click)"], ["0", "show everything"],
      ["[ ]", "the row before, after"], ["Esc", "close this"],
    ];
  }
}

// Stacks in a box that is no higher than they need.
function lowered(found, tall) {
  const need = Math.min(tall, Math.max(tall * 0.2, found.levels * found.side * 1.06));
  return { ...found, y: found.y.map((at) => at + (tall - need) / 2), tall: need };
}

const named = (axis, ticks) => ({ name: axis.title, ticks });

window.huntkit.register("units", (figure, plot, spec, blobs) => {
  if (spec.units) return new Units(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
