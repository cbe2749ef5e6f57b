// Nodes and links, laid out in Python: unfold neighbours in place, go back, search, find paths.
import { text } from "./decode.js";
import { button, fields, make } from "./dom.js";
import { clipped } from "./labels.js";
import { Legend } from "./legend.js";
import { mark } from "./marks.js";
import { neighbourhoods, shortest } from "./paths.js";
import { Surface, around } from "./surface.js";
import { count } from "./times.js";

const HEIGHT = 620;
const AT_FIRST = 150; // nodes on show at first; the others unfold from them
const AT_ONCE = 100; // neighbours that one step unfolds
const UNIT = 60; // CSS pixels of an edge before zooming

class Graph extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    const data = JSON.parse(text(blobs.graph));
    this.data = data;
    this.xs = data.x.map((x) => x * UNIT);
    this.ys = data.y.map((y) => y * UNIT);
    this.size = spec.nodes;
    this.labels = data.names.map(shortPath);
    this.near = neighbourhoods(this.size, data.source, data.target);
    this.most = this.near.reduce((most, each) => Math.max(most, each.length), 1);
    this.heaviest = data.weights.reduce((most, each) => Math.max(most, each), 1);
    this.seen = new Uint8Array(this.size); // nodes come with the most linked ones first
    for (let i = 0; i < Math.min(this.size, AT_FIRST); i++) this.seen[i] = 1;
    this.history = [];
    this.path = null;
    this.from = -1;
    this.legend = new Legend(spec.kinds, () => this.draw());
    this.build("graph", HEIGHT, this.tools());
  }

  above() {
    return this.spec.kinds.length > 1 ? [this.legend.element] : [];
  }

  tools() {
    this.search = make("input", "hk-search");
    this.search.type = "search";
    this.search.placeholder = "Search nodes ( / )";
    this.search.setAttribute("aria-label", "Search nodes");
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    return [
      this.search,
      button("Path", "Path from the chosen node to the next one chosen (key p)", () => this.startPath()),
      button("Unfold", "Show the chosen node's neighbours (key Enter)", () => this.unfold(this.chosen)),
      button("Back", "Back to what was shown before (key Backspace)", () => this.back()),
    ];
  }

  shown(i) {
    return this.seen[i] === 1 && !this.legend.hidden.has(this.data.kinds[i]);
  }

  visible() {
    return Array.from({ length: this.size }, (_, i) => i).filter((i) => this.shown(i));
  }

  bounds() {
    return around(this.xs, this.ys, this.visible());
  }

  hiddenOf(node) {
    return this.near[node].filter(({ node: other }) => !this.seen[other]).length;
  }

  radius(i) {
    const grown = 4 + 9 * Math.sqrt(this.near[i].length / this.most);
    return grown * Math.min(1.25, Math.max(0.55, this.view.k));
  }

  colour(i) {
    return this.colours.series[this.data.kinds[i] % this.colours.series.length];
  }

  paint(context) {
    const c = this.colours;
    context.clearRect(0, 0, this.width, this.height);
    this.legend.paint((at) => c.series[at % c.series.length]);
    this.bright = this.brightNodes();
    this.paintLinks(context);
    const nodes = this.visible();
    for (const i of [...nodes].reverse()) {
      const [x, y] = this.toScreen(this.xs[i], this.ys[i]);
      context.globalAlpha = 1;
      context.fillStyle = c.ground;
      context.beginPath();
      context.arc(x, y, this.radius(i) + 1, 0, 7);
      context.fill();
      if (this.bright && !this.bright.has(i)) context.filter = "opacity(0.28)";
      mark(context, this.data.kinds[i], x, y, this.radius(i), this.colour(i));
      context.filter = "none";
    }
    this.paintLabels(context, nodes);
  }

  // The nodes to stress: those of the path, or the chosen one with its neighbours; null for all.
  brightNodes() {
    if (this.path) return new Set(this.path);
    if (this.chosen < 0) return null;
    return new Set([this.chosen, ...this.near[this.chosen].map(({ node }) => node)]);
  }

  onPath(a, b) {
    if (!this.path) return false;
    const at = this.path.indexOf(a);
    return at >= 0 && (this.path[at + 1] === b || this.path[at - 1] === b);
  }

  paintLinks(context) {
    const { source, target, weights } = this.data;
    const c = this.colours;
    for (let i = 0; i < source.length; i++) {
      const [a, b] = [source[i], target[i]];
      if (!this.shown(a) || !this.shown(b)) continue;
      const [x1, y1] = this.toScreen(this.xs[a], this.ys[a]);
      const [x2, y2] = this.toScreen(this.xs[b], this.ys[b]);
      const strong = this.onPath(a, b) || (!this.path && (a === this.chosen || b === this.chosen));
      context.strokeStyle = strong ? c.alarm : c.faint;
      context.fillStyle = context.strokeStyle;
      context.globalAlpha = strong ? 0.95 : this.bright ? 0.12 : 0.4;
      context.lineWidth = (strong ? 1 : 0) + 0.8 + 2.2 * (Math.log1p(weights[i]) / Math.log1p(this.heaviest));
      context.beginPath();
      if (a === b) {
        const r = this.radius(a);
        context.arc(x1, y1 - r * 1.6, r * 1.1, 0, 7);
      } else {
        context.moveTo(x1, y1);
        context.lineTo(x2, y2);
      }
      context.stroke();
      if (this.spec.directed && a !== b) this.arrow(context, x1, y1, x2, y2, this.radius(b) + 2);
    }
    context.globalAlpha = 1;
  }

  arrow(context, x1, y1, x2, y2, away) {
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (length < away + 12) return;
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    const [x, y] = [x2 - ux * away, y2 - uy * away];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - ux * 8 + uy * 3.5, y - uy * 8 - ux * 3.5);
    context.lineTo(x - ux * 8 - uy * 3.5, y - uy * 8 + ux * 3.5);
    context.fill();
  }

  // Names where there is room for them, those of stressed and of much linked nodes first.
  paintLabels(context, nodes) {
    const taken = [];
    context.font = "12px sans-serif";
    context.textBaseline = "middle";
    const first = (i) => (i === this.chosen ? 2 : this.bright?.has(i) ? 1 : 0);
    const order = [...nodes].sort((a, b) => first(b) - first(a) || a - b);
    for (const i of order) {
      if (this.bright && !this.bright.has(i)) continue;
      const [x, y] = this.toScreen(this.xs[i], this.ys[i]);
      if (x < -50 || y < 0 || x > this.width || y > this.height) continue;
      const hidden = this.hiddenOf(i);
      const name = clipped(context, this.labels[i], 190) + (hidden ? ` +${count(hidden)}` : "");
      const wide = context.measureText(name).width;
      const right = x + this.radius(i) + 4;
      const left = right + wide > this.width ? x - this.radius(i) - 4 - wide : right;
      const box = [left - 1, y - 7, left + wide + 1, y + 7];
      if (taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
      taken.push(box);
      context.lineWidth = 3;
      context.strokeStyle = this.colours.ground;
      context.strokeText(name, left, y);
      context.fillStyle = this.colours.text;
      context.fillText(name, left, y);
    }
  }

  telling() {
    const nodes = this.visible().length;
    const links = this.data.source.filter((a, i) => this.shown(a) && this.shown(this.data.target[i])).length;
    const folded = this.size - this.seen.reduce((sum, each) => sum + each, 0);
    return `${count(nodes)} of ${count(this.size)} nodes, ${count(links)} of ` +
      `${count(this.data.source.length)} links shown` +
      (folded ? " · +n: neighbours to unfold" : "") +
      (this.from >= 0 ? " · choose the path's other end" : "");
  }

  markAt(x, y) {
    let best = -1;
    let nearest = Infinity;
    for (const i of this.visible()) {
      const [sx, sy] = this.toScreen(this.xs[i], this.ys[i]);
      const away = Math.hypot(sx - x, sy - y) - this.radius(i);
      if (away < 5 && away < nearest) [best, nearest] = [i, away];
    }
    return best;
  }

  describe(i) {
    const { data } = this;
    const names = this.near[i].slice(0, 12).map(({ node }) => data.names[node]);
    const more = this.near[i].length - names.length;
    return [
      [this.spec.kinds[data.kinds[i]].name, data.names[i]],
      ["neighbours", `${count(this.near[i].length)}: ${names.join(", ")}${more > 0 ? `, and ${count(more)} more` : ""}`],
      ["rows", count(data.rows[i])],
    ];
  }

  detailed(i) {
    const links = [...this.near[i]].sort((a, b) => this.data.weights[b.link] - this.data.weights[a.link]);
    const said = links.slice(0, 30).map(({ node, link }) => [this.data.names[node], this.linkSaid(i, link)]);
    return [fields(this.describe(i)), make("p", "hk-note", "Links, the most frequent first:"), fields(said)];
  }

  linkSaid(i, link) {
    const { data } = this;
    const way = this.spec.directed ? (data.source[link] === i ? "to it, " : "from it, ") : "";
    const parts = [`${way}${count(data.weights[link])} rows`];
    if (data.first?.[link]) parts.push(`${data.first[link]} to ${data.last[link]} ${this.spec.zone}`);
    for (const { name, values } of data.details) if (values[link]) parts.push(`${name}: ${values[link]}`);
    return parts.join(" · ");
  }

  placeOf(i) {
    if (!this.shown(i)) return null;
    const [x, y] = this.toScreen(this.xs[i], this.ys[i]);
    return { x, y };
  }

  choose(i) {
    if (this.from >= 0 && i >= 0 && i !== this.from) {
      this.endPath(i);
      return;
    }
    if (i < 0) [this.from, this.path] = [-1, null];
    if (this.path && i >= 0 && !this.path.includes(i)) this.path = null;
    super.choose(i);
    this.draw();
  }

  order() {
    return this.path ?? this.visible();
  }

  startPath() {
    if (this.chosen < 0) {
      this.details.replaceChildren(make("p", "hk-note", "Choose a node first, then press p."));
      return;
    }
    this.from = this.chosen;
    this.path = null;
    this.draw();
  }

  endPath(to) {
    const path = shortest(this.near, this.from, to);
    const ends = `${this.data.names[this.from]} and ${this.data.names[to]}`;
    this.from = -1;
    if (!path) {
      super.choose(to);
      this.draw();
      this.details.replaceChildren(make("p", "hk-note", `No path joins ${ends}.`));
      return;
    }
    this.remember();
    for (const node of path) this.seen[node] = 1;
    this.path = path;
    this.chosen = to;
    this.frame(around(this.xs, this.ys, path), 80);
    this.details.replaceChildren(
      make("p", "hk-note", `The shortest path, ${count(path.length - 1)} links:`),
      fields(path.map((node) => [this.spec.kinds[this.data.kinds[node]].name, this.data.names[node]])),
    );
  }

  remember() {
    this.history.push({ seen: this.seen.slice(), view: this.view });
    if (this.history.length > 100) this.history.shift();
  }

  unfold(i) {
    if (i < 0 || !this.hiddenOf(i)) return;
    this.remember();
    const hidden = this.near[i].filter(({ node }) => !this.seen[node]).slice(0, AT_ONCE);
    for (const { node } of hidden) this.seen[node] = 1;
    this.frame(around(this.xs, this.ys, [i, ...this.near[i].map(({ node }) => node).filter((n) => this.seen[n])]), 60, 2);
  }

  back() {
    const before = this.history.pop();
    if (!before) return;
    [this.seen, this.view, this.path] = [before.seen, before.view, null];
    this.draw();
  }

  opened(x, y) {
    const at = this.markAt(x, y);
    if (at >= 0) this.unfold(at);
    else this.zoom(2, x, y);
  }

  // The next node whose name has the text, after the chosen one; folded ones are unfolded.
  find(query) {
    const folded = query.trim().toLowerCase();
    if (!folded) return;
    for (let step = 1; step <= this.size; step++) {
      const i = (this.chosen + step + this.size) % this.size;
      if (!this.data.names[i].toLowerCase().includes(folded)) continue;
      this.reach(i);
      return;
    }
    this.details.replaceChildren(make("p", "hk-note", "No node has that in its name."));
  }

  knows(mark) {
    return mark < this.size;
  }

  // Chooses a node; one that is folded unfolds with its neighbours.
  reach(i) {
    if (!this.seen[i]) {
      this.remember();
      this.seen[i] = 1;
      for (const { node } of this.near[i].slice(0, AT_ONCE)) this.seen[node] = 1;
    }
    this.draw();
    super.reach(i);
  }

  searchKey(event) {
    if (event.key === "Enter") this.find(this.search.value);
    else if (event.key === "Escape") this.stage.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  keys() {
    return {
      ...super.keys(),
      "/": () => this.search.focus(), p: () => this.startPath(),
      Enter: () => this.unfold(this.chosen), Backspace: () => this.back(),
    };
  }

  keyHelp() {
    return [
      ["[ ]", "the node before, after, from the most linked one"], ["Enter", "unfold its neighbours (also double click)"],
      ["Backspace", "back"], ["p", "then choose another node: the shortest path to it"],
      ["/", "search; Enter: next hit"], ["← → ↑ ↓", "move (also by dragging)"],
      ["+ − 0", "zoom in, out, show everything"], ["Esc", "close this"],
    ];
  }
}

// Of a path its last two parts: "cmd.exe" alone would hide that it runs from an odd folder.
function shortPath(name) {
  const parts = name.split(/[\\/]/);
  const isPath = /^([A-Za-z]:|\\)\\/.test(name) || /^\/[^/]+\//.test(name) || name.includes("\\Device\\");
  if (!isPath || parts.length < 4) return name;
  return `…${name.slice(name.length - parts.slice(-2).join("/").length - 1)}`;
}

export function register(kind) {
  window.huntkit.register(kind, (figure, plot, spec, blobs) => {
    if (spec.nodes) return new Graph(plot, spec, blobs);
    plot.replaceChildren(make("p", "hk-message", spec.message));
    return null;
  });
}
