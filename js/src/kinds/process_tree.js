// Processes as a tree with columns: an ARIA treegrid that only makes the rows in view.
import { lookUp, text } from "../decode.js";
import { button, fields, make } from "../dom.js";
import { branchPlace, branchRarity, forest, orderBy, searched, unfolded } from "../forest.js";
import { MiniMap } from "../minimap.js";
import { darkQuery, palette } from "../palette.js";
import { TEXTS, ranked, unpacked } from "../process_columns.js";
import { count, stamp } from "../times.js";

const ROW = 26; // px; matches page.css
const TALLEST = 560; // px
const SPARE = 8; // rows made above and below the view
const INDENT = 14; // px; matches page.css
const DEEPEST = 10; // indents beyond this depth say their depth as a number
const OPEN_AT_FIRST = 60;
const RARE = 0.9; // from here on a process stands out in the overview

const WIDTHS = { time: "172px", rarity: "64px", command: "minmax(230px, 4fr)" };

const DETAILS = { command: "command line", user: "user", host: "host", pid: "process id" };

class ProcessTree {
  constructor(figure, plot, spec, blobs) {
    this.spec = spec;
    this.figure = figure;
    this.data = unpacked(JSON.parse(text(blobs.nodes)));
    // A host that is the same everywhere takes no column; the details have it.
    const many = ({ id }) => id !== "host" || this.data.host.values.filter(Boolean).length > 1;
    this.columns = spec.columns.filter(many);
    this.tree = forest(this.data.depth);
    this.size = this.data.depth.length;
    this.byTime = Array.from({ length: this.size }, (_, i) => i);
    this.open = new Uint8Array(this.size);
    this.colourOf = this.data.colour ? ranked(this.data.colour) : null;
    // Where most processes are rare, rarity tells nothing.
    this.rareFew = spec.rarity && this.data.rarity.filter((each) => each >= RARE).length * 3 < this.size;
    this.chosen = -1;
    this.query = "";
    this.folded = {}; // the texts of each column in lower case, once they were searched
    this.hits = new Set();
    this.hitList = [];
    this.build(plot);
    this.unfoldSome();
    this.sort(spec.order);
    const listed = this.rows.length ? this.rows[0] : -1;
    this.choose(listed, false);
  }

  build(plot) {
    const bar = make("div", "hk-bar");
    this.search = make("input", "hk-search");
    this.search.type = "search";
    this.search.placeholder = "Search processes ( / )";
    this.search.setAttribute("aria-label", "Search processes");
    this.status = make("span", "hk-status");
    this.status.setAttribute("aria-live", "polite");
    bar.append(this.search, this.status);
    if (this.spec.rarity || this.spec.foremost) bar.append(this.orderSwitch());
    bar.append(
      button("Unfold all", "Unfold all (key *)", () => this.foldAll(1)),
      button("Fold all", "Fold all", () => this.foldAll(0)),
      button("?", "Keys (key ?)", () => this.help()),
    );
    this.grid = make("div", "hk-tree");
    this.grid.tabIndex = 0;
    this.grid.setAttribute("role", "treegrid");
    this.grid.setAttribute("aria-label", this.spec.description);
    this.grid.setAttribute("aria-colcount", String(this.columns.length + 1));
    this.grid.style.height = `${Math.min((this.size + 1) * ROW + 4, TALLEST)}px`;
    this.head = this.headRow();
    this.body = make("div", "hk-rows");
    this.body.setAttribute("role", "rowgroup");
    this.grid.append(this.head, this.body);
    this.details = make("div", "hk-details");
    this.map = new MiniMap(this.grid, `All rows. ${this.meaning()}Drag to move.`);
    const both = make("div", "hk-forest");
    both.append(this.grid, this.map.element);
    plot.replaceChildren(bar, ...this.legend(), both, this.details);
    this.grid.addEventListener("scroll", () => this.render(), { passive: true });
    this.grid.addEventListener("keydown", (e) => this.key(e));
    this.body.addEventListener("click", (e) => this.click(e));
    this.body.addEventListener("dblclick", (e) => this.toggle(this.nodeOf(e)));
    this.search.addEventListener("input", () => this.find(this.search.value));
    this.search.addEventListener("keydown", (e) => this.searchKey(e));
    darkQuery.addEventListener("change", () => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.grid);
  }

  redraw() {
    this.render();
    this.drawMapSoon();
  }

  // The overview may come a frame later: a search should not wait for it.
  drawMapSoon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      this.drawMap();
    });
  }

  meaning() {
    const said = ["Blue: found."];
    if (this.data.mark) said.push(`Red: ${this.spec.mark_name}.`);
    if (this.rareFew) said.push("Orange: rare.");
    return `${said.join(" ")} `;
  }

  drawMap() {
    const { handle, alarm, series, faint } = palette();
    const rank = (node) => {
      if (this.query) return this.hits.has(node) ? 3 : 0;
      if (this.data.mark && lookUp(this.data.mark, node)) return 2;
      return this.rareFew && this.data.rarity[node] >= RARE ? 1 : 0;
    };
    const depths = this.rows.map((node) => this.data.depth[node]);
    this.map.draw(depths, this.rows.map(rank), [faint, series[1], alarm, handle]);
  }

  // What the dots before the names mean.
  legend() {
    if (!this.colourOf) return [];
    this.swatches = [];
    const box = make("div", "hk-legend");
    box.append(make("span", "hk-count", `${this.spec.colour_name}:`));
    for (const [code, rank] of this.colourOf) {
      const item = make("span", "hk-item");
      const swatch = make("span", "hk-swatch", "●");
      this.swatches.push([swatch, rank]);
      item.append(swatch, make("span", "hk-label", this.data.colour.values[code] || "(empty)"));
      box.append(item);
    }
    return [box];
  }

  headRow() {
    const head = make("div", "hk-row hk-head");
    head.setAttribute("role", "row");
    for (const label of ["Process", ...this.columns.map((each) => each.label)]) {
      const cell = make("div", label === "PID" ? "hk-cell hk-pid" : "hk-cell", label);
      cell.setAttribute("role", "columnheader");
      head.append(cell);
    }
    const widths = this.columns.map(({ id }) => WIDTHS[id] ?? this.widthOf(id));
    this.template = ["minmax(240px, 2.5fr)", ...widths].join(" ");
    head.style.gridTemplateColumns = this.template;
    return head;
  }

  // A share of the room, the larger the longer its texts; the command line has the largest.
  widthOf(id) {
    const shown = this.data.short[id] ?? this.data[id].values;
    const longest = shown.reduce((most, value) => Math.max(most, value.length), 0);
    const wide = Math.min(Math.max(longest * 9 + 20, 56), 200);
    return id === "pid" ? `${wide}px` : `minmax(${Math.min(wide, 140)}px, ${wide / 130}fr)`;
  }

  orderSwitch() {
    const box = make("select", "hk-select");
    box.setAttribute("aria-label", "Order of the branches");
    const orders = [["time", "By time"]];
    if (this.spec.rarity) orders.unshift(["rarest", "Rarest branches first"]);
    if (this.spec.foremost) orders.unshift(["foremost", "Worth a look first"]);
    for (const [value, label] of orders) {
      const option = make("option", "", label);
      option.value = value;
      box.append(option);
    }
    box.value = this.spec.order;
    box.addEventListener("change", () => this.sort(box.value));
    return box;
  }

  // Small trees open whole; of large ones the ways to the foremost or rarest processes, or the
  // first levels.
  unfoldSome() {
    if (this.size <= 4 * OPEN_AT_FIRST) {
      this.open.fill(1);
      return;
    }
    if (this.data.mark) {
      for (let node = 0; node < this.size; node++) if (lookUp(this.data.mark, node)) this.openAbove(node);
    }
    const { place, rarity, depth } = this.data;
    const first = place
      ? (a, b) => place[a] - place[b]
      : this.spec.rarity ? (a, b) => rarity[b] - rarity[a] : (a, b) => depth[a] - depth[b];
    const order = [...this.byTime].sort((a, b) => first(a, b) || a - b);
    for (const node of order.slice(0, OPEN_AT_FIRST)) this.openAbove(node);
  }

  openAbove(node) {
    for (let up = this.tree.parent[node]; up >= 0; up = this.tree.parent[up]) this.open[up] = 1;
  }

  sort(by) {
    this.order = this.byTime;
    if (by === "rarest") this.order = orderBy(this.tree, branchRarity(this.tree, this.data.rarity));
    if (by === "foremost") this.order = orderBy(this.tree, branchPlace(this.tree, this.data.place));
    this.list();
  }

  // Which rows there are; whoever renders them soon after says so.
  list(rendered = false) {
    this.rows = this.query
      ? searched(this.tree, this.order, this.hitList)
      : unfolded(this.tree, this.order, this.open);
    this.at = new Map(this.rows.map((node, i) => [node, i]));
    this.body.style.height = `${this.rows.length * ROW}px`;
    this.grid.setAttribute("aria-rowcount", String(this.rows.length + 1));
    this.say();
    if (!rendered) this.render();
    this.drawMapSoon();
  }

  say() {
    this.status.textContent = this.query
      ? `${count(this.hitList.length)} of ${count(this.size)} processes match`
      : `${count(this.rows.length)} of ${count(this.size)} processes unfolded`;
  }

  render() {
    const height = this.grid.clientHeight - ROW;
    const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW) - SPARE);
    const last = Math.min(
      this.rows.length, Math.ceil((this.grid.scrollTop + height) / ROW) + SPARE,
    );
    const made = [];
    this.colours = palette().series;
    this.faint = palette().faint;
    for (const [swatch, rank] of this.swatches ?? []) swatch.style.color = this.colours[rank];
    for (let i = first; i < last; i++) made.push(this.row(i));
    this.body.replaceChildren(...made);
    this.map.followSoon();
    const active = this.at.has(this.chosen) ? this.rowId(this.chosen) : "";
    if (active) this.grid.setAttribute("aria-activedescendant", active);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  rowId(node) {
    return `${this.figure.id}-${node}`;
  }

  row(i) {
    const node = this.rows[i];
    const row = make("div", "hk-row");
    row.id = this.rowId(node);
    row.dataset.node = String(node);
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(i + 2));
    row.setAttribute("aria-level", String(this.data.depth[node] + 1));
    row.setAttribute("aria-selected", String(node === this.chosen));
    if (this.tree.descendants[node]) row.setAttribute("aria-expanded", String(this.shownOpen(node)));
    if (this.query && !this.hits.has(node)) row.classList.add("hk-way");
    row.style.transform = `translateY(${i * ROW}px)`;
    row.style.gridTemplateColumns = this.template;
    row.append(this.nameCell(node));
    for (const { id } of this.columns) row.append(this.cell(node, id));
    return row;
  }

  shownOpen(node) {
    return this.query ? true : this.open[node] === 1;
  }

  nameCell(node) {
    const cell = make("div", "hk-cell hk-name");
    cell.setAttribute("role", "gridcell");
    const depth = this.data.depth[node];
    const guides = make("span", "hk-guides");
    guides.style.width = `${Math.min(depth, DEEPEST) * INDENT}px`;
    cell.append(guides);
    if (depth > DEEPEST) cell.append(make("span", "hk-deep", `${depth}›`));
    const below = this.tree.descendants[node];
    const open = this.shownOpen(node);
    const sign = make("span", "hk-toggle", below ? (open ? "▾" : "▸") : "");
    sign.setAttribute("aria-hidden", "true");
    cell.append(sign);
    if (this.colourOf) {
      const dot = make("span", "hk-dot hk-group");
      const rank = this.colourOf.get(this.data.colour.codes[node]);
      dot.style.backgroundColor = rank === undefined ? this.faint : this.colours[rank];
      dot.title = lookUp(this.data.colour, node);
      cell.append(dot);
    }
    const name = make("span", "hk-text");
    this.highlight(name, lookUp(this.data.name, node));
    name.title = lookUp(this.data.name, node);
    cell.append(name);
    if (this.data.mark && lookUp(this.data.mark, node)) {
      const mark = make("span", "hk-tag hk-alarm");
      this.highlight(mark, lookUp(this.data.mark, node));
      mark.title = lookUp(this.data.mark, node);
      cell.append(mark);
    }
    if (this.data.inferred[node]) {
      const mark = make("span", "hk-tag", "inferred");
      mark.title = "No event shows this process start; its children name it as their parent.";
      cell.append(mark);
    }
    if (below && !open) cell.append(make("span", "hk-count", `+${count(below)}`));
    return cell;
  }

  cell(node, id) {
    const cell = make("div", `hk-cell hk-${id}`);
    cell.setAttribute("role", "gridcell");
    if (id === "time") cell.textContent = this.time(node);
    else if (id === "rarity") this.rarityInto(cell, node);
    else {
      const value = lookUp(this.data[id], node);
      const shown = this.data.short[id]?.[this.data[id].codes[node]] ?? value;
      if (id === "user" && value && !this.colourOf) {
        const dot = make("span", "hk-dot");
        const colour = this.data.user.codes[node] % this.colours.length;
        dot.style.backgroundColor = this.colours[colour];
        cell.append(dot);
      }
      this.highlight(cell, shown);
      if (id !== "command") cell.title = value;
    }
    return cell;
  }

  rarityInto(cell, node) {
    const value = this.data.rarity[node];
    if (value < 0) return;
    const meter = make("span", "hk-meter");
    const fill = make("span", "hk-fill");
    fill.style.width = `${Math.round(value * 100)}%`;
    meter.append(fill);
    cell.append(meter);
    cell.title = `rarity ${value}`;
    cell.setAttribute("aria-label", `rarity ${value}`);
  }

  time(node) {
    const ms = this.data.time[node];
    return ms === null ? "" : stamp(this.spec.first_ms + ms, 1);
  }

  // The text with every occurrence of the search marked; never markup.
  highlight(into, value) {
    if (!this.query || !value) {
      into.append(value);
      return;
    }
    const folded = value.toLowerCase();
    if (folded.length !== value.length) {
      into.append(value); // case folding moved the positions
      return;
    }
    let from = 0;
    for (let at = folded.indexOf(this.query); at >= 0; at = folded.indexOf(this.query, from)) {
      into.append(value.slice(from, at), make("mark", "", value.slice(at, at + this.query.length)));
      from = at + this.query.length;
    }
    into.append(value.slice(from));
  }

  find(query) {
    this.query = query.trim().toLowerCase();
    this.hitList = this.query ? this.matches() : [];
    this.hits = new Set(this.hitList);
    this.list(this.hitList.length > 0);
    if (this.hitList.length) this.nextHit(0);
    else if (!this.query && this.chosen >= 0) this.reveal(this.chosen);
    this.tell?.();
  }

  // Each distinct text is searched once.
  matches() {
    const columns = TEXTS.filter((id) => this.data[id]);
    const found = new Uint8Array(this.size);
    for (const id of columns) {
      const { values, codes } = this.data[id];
      this.folded[id] ??= values.map((value) => value.toLowerCase());
      const fits = this.folded[id].map((value) => value.includes(this.query));
      for (let i = 0; i < this.size; i++) if (fits[codes[i]]) found[i] = 1;
    }
    return this.order.filter((node) => found[node]);
  }

  nextHit(by) {
    const { hitList } = this;
    if (!hitList.length) return;
    const at = by ? hitList.indexOf(this.chosen) + by : 0;
    this.choose(hitList[(at + hitList.length) % hitList.length], true);
  }

  searchKey(event) {
    if (event.key === "Escape") this.clearSearch();
    else if (event.key === "Enter") this.nextHit(event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown") this.grid.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  clearSearch() {
    this.search.value = "";
    this.find("");
    this.grid.focus();
  }

  nodeOf(event) {
    const row = event.target.closest(".hk-row");
    return row ? Number(row.dataset.node) : -1;
  }

  click(event) {
    const node = this.nodeOf(event);
    if (node < 0) return;
    if (event.target.closest(".hk-toggle")) this.toggle(node);
    this.choose(node, false);
  }

  toggle(node) {
    if (node < 0 || this.query || !this.tree.descendants[node]) return;
    this.open[node] ^= 1;
    this.list();
  }

  foldAll(open) {
    this.open.fill(open);
    this.list();
    if (this.chosen >= 0) this.reveal(this.chosen);
  }

  choose(node, scroll) {
    this.chosen = node;
    if (scroll) this.reveal(node);
    else this.render();
    this.describe(node);
    this.tell?.();
  }

  // What a notebook hears (page.js calls it), and what comes from there.
  state() {
    return { mark: this.chosen, told: this.told(this.chosen), kept: this.query ? this.hitList : null };
  }

  apply({ mark }) {
    if (Number.isInteger(mark) && mark >= 0 && mark < this.size && mark !== this.chosen) this.choose(mark, true);
  }

  reveal(node) {
    if (!this.at.has(node)) {
      this.openAbove(node);
      this.list();
    }
    const top = this.at.get(node) * ROW;
    const room = this.grid.clientHeight - 2 * ROW;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top > this.grid.scrollTop + room) this.grid.scrollTop = top - room;
    this.render();
  }

  describe(node) {
    if (node < 0) this.details.replaceChildren();
    else this.details.replaceChildren(fields(this.told(node)));
  }

  told(node) {
    if (node < 0) return [];
    const { data, tree } = this;
    const parent = tree.parent[node];
    const pairs = [
      ["process", lookUp(data.process, node) || "(no name)"],
      [`started (${this.spec.zone})`, this.time(node)],
    ];
    for (const id of ["command", "user", "host", "pid"]) {
      if (data[id]) pairs.push([DETAILS[id], lookUp(data[id], node)]);
    }
    if (data.colour) pairs.push([this.spec.colour_name, lookUp(data.colour, node)]);
    if (data.mark) pairs.push([this.spec.mark_name, lookUp(data.mark, node)]);
    for (const each of data.details) pairs.push([each.name, lookUp(each, node)]);
    if (parent >= 0) pairs.push(["parent", lookUp(data.name, parent)]);
    if (tree.descendants[node]) pairs.push(["processes below", count(tree.descendants[node])]);
    if (data.inferred[node]) pairs.push(["note", "inferred: no event shows its start"]);
    return pairs;
  }

  help() {
    this.details.replaceChildren(
      fields([
        ["↑ ↓", "row by row (Page Up, Page Down, Home, End too)"], ["→ ←", "unfold or go in, fold or go out"],
        ["*", "unfold all"], ["/", "search"], ["Enter", "unfold or fold; in the search: next hit"],
        ["Esc", "end the search"],
      ]),
    );
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW) - 2);
    const acts = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      PageDown: () => this.move(page),
      PageUp: () => this.move(-page),
      Home: () => this.move(-this.size),
      End: () => this.move(this.size),
      ArrowRight: () => this.inwards(),
      ArrowLeft: () => this.outwards(),
      Enter: () => (this.query ? this.nextHit(1) : this.toggle(this.chosen)),
      " ": () => this.toggle(this.chosen),
      "*": () => this.foldAll(1),
      "/": () => this.search.focus(),
      Escape: () => this.clearSearch(),
      "?": () => this.help(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  move(by) {
    if (!this.rows.length) return;
    const at = this.at.get(this.chosen) ?? 0;
    this.choose(this.rows[Math.min(Math.max(at + by, 0), this.rows.length - 1)], true);
  }

  inwards() {
    if (!this.tree.descendants[this.chosen]) return;
    if (this.shownOpen(this.chosen)) this.move(1);
    else this.toggle(this.chosen);
  }

  outwards() {
    const folds = !this.query && this.tree.descendants[this.chosen] && this.open[this.chosen];
    if (folds) this.toggle(this.chosen);
    else if (this.tree.parent[this.chosen] >= 0) this.choose(this.tree.parent[this.chosen], true);
  }
}

window.huntkit.register("process_tree", (figure, plot, spec, blobs) => {
  if (spec.nodes) return new ProcessTree(figure, plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
