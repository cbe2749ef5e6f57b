// All rows of a long list as thin lines beside it, and a box around those in view. A help for the
// eye and the mouse: readers have the list itself.
import { make } from "./dom.js";

const WIDE = 76; // px; matches page.css
const STEP = 4; // px per level
const DEEPEST = 14; // levels that are told apart
const TALLEST_LINE = 4; // px
const LEAST_ROOM = 1050; // px for both: the list's own columns come first

export class MiniMap {
  // `list` is the element that scrolls; `title` says what the colours mean.
  constructor(list, title) {
    this.list = list;
    this.element = make("div", "hk-map");
    this.element.setAttribute("aria-hidden", "true");
    this.element.title = title;
    this.canvas = document.createElement("canvas");
    this.box = make("div", "hk-map-box");
    this.element.append(this.canvas, this.box);
    this.listen();
  }

  listen() {
    const go = (event) => {
      const at = (event.clientY - this.element.getBoundingClientRect().top) / this.tall;
      this.list.scrollTop = at * this.list.scrollHeight - this.list.clientHeight / 2;
    };
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.element.setPointerCapture(event.pointerId);
      event.preventDefault(); // the focus stays where the keys are heard
      go(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  // `depths` and `ranks` of all rows, from the top; `colours` by rank: 0 is faint, and higher ranks
  // are drawn over lower ones.
  draw(depths, ranks, colours) {
    const narrow = this.element.parentElement.clientWidth < LEAST_ROOM;
    this.element.hidden = narrow || this.list.scrollHeight <= this.list.clientHeight + 1;
    const ratio = window.devicePixelRatio || 1;
    const room = this.list.clientHeight;
    if (this.element.hidden || !room) return;
    this.line = Math.min(room / depths.length, TALLEST_LINE);
    this.tall = this.line * depths.length;
    this.element.style.height = `${room}px`;
    this.canvas.width = Math.round(WIDE * ratio);
    this.canvas.height = Math.round(room * ratio);
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const strong = ranks.reduce((sum, rank) => sum + (rank > 0), 0);
    const least = strong * 4 < room ? 2 : 0.75; // few ones may take more than their share
    colours.forEach((colour, rank) => {
      context.fillStyle = colour;
      context.globalAlpha = rank ? 1 : Math.max(0.25, Math.min(0.7, this.line));
      const high = Math.max(this.line * 0.75, rank ? least : 0.75);
      for (let i = 0; i < depths.length; i++) {
        if (ranks[i] !== rank) continue;
        const left = 3 + Math.min(depths[i], DEEPEST) * STEP;
        context.fillRect(left, i * this.line, rank ? WIDE - left - 3 : 14, high);
      }
    });
    this.follow();
  }

  // Asking where the list is would lay it out before its frame.
  followSoon() {
    this.due ??= requestAnimationFrame(() => {
      this.due = undefined;
      this.follow();
    });
  }

  // Puts the box around what the list has in view.
  follow() {
    if (this.element.hidden || !this.tall) return;
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    const share = this.tall / scrollHeight;
    this.box.style.top = `${scrollTop * share}px`;
    this.box.style.height = `${Math.max(clientHeight * share, 6)}px`;
  }
}
