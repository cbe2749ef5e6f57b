// Charts that draw on a canvas of their own: no library, so their pages are small. A surface may
// be moved and zoomed: a place p of the drawing stands at p * k + shift on the canvas.
import { button } from "./dom.js";
import { palette } from "./palette.js";
import { Stage } from "./stage.js";

const CLICK = 4; // CSS pixels that a click may stray

export class Surface extends Stage {
  build(role, height, tools = [], { zooms = true } = {}) {
    this.height = height;
    this.view = { k: 1, x: 0, y: 0 };
    const zooming = [
      button("−", "Zoom out (key -)", () => this.zoom(0.6)),
      button("+", "Zoom in (key +)", () => this.zoom(1.6)),
      button("All", "Show everything (key 0)", () => this.fit()),
    ];
    this.zooms = zooms;
    this.furnish(role, height, zooms ? [...tools, ...zooming] : tools);
    this.canvas = document.createElement("canvas");
    this.host.append(this.canvas);
    this.width = this.host.clientWidth;
    this.arrange();
    if (zooms) this.fit();
    else this.draw();
    this.listen();
    this.follow();
  }

  // Places that depend on the width; called again when that changes.
  arrange() {}

  listen() {
    let held = null;
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      held = { from: at(event), last: at(event), moved: false };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      if (!held) {
        this.hover(x, y);
        return;
      }
      held.moved ||= Math.hypot(x - held.from[0], y - held.from[1]) > CLICK;
      if (held.moved && this.zooms) this.pan(x - held.last[0], y - held.last[1]);
      held.last = [x, y];
    });
    this.canvas.addEventListener("pointerup", (event) => {
      if (held && !held.moved) this.choose(this.markAt(...at(event)));
      held = null;
    });
    this.canvas.addEventListener("pointercancel", () => {
      held = null;
    });
    this.canvas.addEventListener("pointerleave", () => this.hover(-1, -1));
    this.canvas.addEventListener("dblclick", (event) => this.opened(...at(event)));
  }

  resized() {
    this.width = this.host.clientWidth;
    this.arrange();
    if (this.zooms) this.fit();
  }

  draw() {
    this.colours = palette();
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.width * ratio));
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint(context);
    this.status.textContent = this.telling();
    this.placeRing();
    this.tell?.();
  }

  knows(mark) {
    return this.order().includes(mark);
  }

  reach(index) {
    this.reveal(index);
    this.choose(index);
  }

  // At most one drawing a frame while things move.
  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  toScreen(x, y) {
    return [x * this.view.k + this.view.x, y * this.view.k + this.view.y];
  }

  // Shows the box [left, top, right, bottom] of the drawing whole, with some air around it.
  frame([left, top, right, bottom], air = 30, closest = 4) {
    const wide = Math.max(right - left, 1e-6);
    const tall = Math.max(bottom - top, 1e-6);
    const k = Math.min((this.width - 2 * air) / wide, (this.height - 2 * air) / tall, closest);
    this.view = {
      k,
      x: this.width / 2 - ((left + right) / 2) * k,
      y: this.height / 2 - ((top + bottom) / 2) * k,
    };
    this.least = Math.min(k, this.least ?? k);
    this.draw();
  }

  fit() {
    this.least = undefined;
    this.frame(this.bounds());
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const k = Math.min(Math.max(this.view.k * factor, this.least * 0.5), this.least * 200);
    const grown = k / this.view.k;
    this.view = { k, x: x - (x - this.view.x) * grown, y: y - (y - this.view.y) * grown };
    this.soon();
  }

  wheeled(factor, x, y) {
    if (this.zooms) this.zoom(1 / factor, x, y);
  }

  pan(dx, dy) {
    this.view = { ...this.view, x: this.view.x + dx, y: this.view.y + dy };
    this.hover(-1, -1);
    this.soon();
  }

  opened(x, y) {
    if (this.zooms) this.zoom(2, x, y);
  }

  told(x, y) {
    const at = this.markAt(x, y);
    return at < 0 ? null : this.describe(at);
  }

  // Chooses the mark before or after, in the order that `order` gives, and brings it into view.
  step(by) {
    const order = this.order();
    if (!order.length) return;
    const at = order.indexOf(this.chosen);
    const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : (at + by + order.length) % order.length;
    this.reach(order[next]);
  }

  reveal(index) {
    const place = this.placeOf(index);
    if (!place || !this.zooms) return;
    const inside = place.x > 10 && place.x < this.width - 10 && place.y > 10 && place.y < this.height - 10;
    if (inside) return;
    this.view.x += this.width / 2 - place.x;
    this.view.y += this.height / 2 - place.y;
    this.draw();
  }

  keys() {
    const moves = {
      ArrowLeft: () => this.pan(60, 0), ArrowRight: () => this.pan(-60, 0),
      ArrowUp: () => this.pan(0, 60), ArrowDown: () => this.pan(0, -60),
      "+": () => this.zoom(1.6), "=": () => this.zoom(1.6), "-": () => this.zoom(0.6),
      0: () => this.fit(), Home: () => this.fit(),
    };
    return {
      ...(this.zooms ? moves : {}),
      "[": () => this.step(-1), "]": () => this.step(1),
      Escape: () => this.choose(-1), "?": () => this.help(),
    };
  }

  keyHelp() {
    return [
      ["← → ↑ ↓", "move (also by dragging)"], ["+ −", "zoom in, out (also the wheel, double click)"],
      ["0", "show everything"], ["[ ]", "the mark before, after"], ["Esc", "close this"],
    ];
  }
}

// A box around points given as two arrays.
export function around(xs, ys, chosen) {
  let box = null;
  for (const i of chosen) {
    box ??= [xs[i], ys[i], xs[i], ys[i]];
    box = [Math.min(box[0], xs[i]), Math.min(box[1], ys[i]), Math.max(box[2], xs[i]), Math.max(box[3], ys[i])];
  }
  return box ?? [0, 0, 1, 1];
}
