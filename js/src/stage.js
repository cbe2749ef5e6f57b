// What all drawn charts share: the bar, the picture that has the focus, its tip, its ring, its keys.
// A chart says what it draws, and answers for a place or a mark; see timestage.js and surface.js.
import { button, fields, make } from "./dom.js";
import { darkQuery, palette } from "./palette.js";

export class Stage {
  constructor(plot, spec) {
    this.plot = plot;
    this.spec = spec;
    this.chosen = -1;
    this.colours = palette();
  }

  // `role` is what a reader calls the picture; `height` is in CSS pixels; `tools` come before "?".
  furnish(role, height, tools) {
    const bar = make("div", "hk-bar");
    this.status = make("span", "hk-status");
    bar.append(this.status, ...tools, button("?", "Keys (key ?)", () => this.help()));
    this.host = make("div", "hk-canvas");
    this.host.style.height = `${height}px`;
    this.tip = make("div", "hk-tip");
    this.tip.hidden = true;
    this.ring = make("div", "hk-ring");
    this.ring.hidden = true;
    this.stage = make("div", "hk-stage");
    this.stage.append(this.host, this.ring, this.tip);
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-roledescription", role);
    this.stage.setAttribute("aria-label", this.spec.description);
    this.details = make("div", "hk-details");
    this.details.setAttribute("aria-live", "polite");
    this.plot.replaceChildren(bar, ...this.above(), this.stage, this.details);
    this.stage.addEventListener("keydown", (e) => this.key(e));
    this.stage.addEventListener("wheel", (e) => this.wheel(e), { passive: false, capture: true });
    this.stage.addEventListener("mousedown", () => this.stage.focus({ preventScroll: true }));
  }

  // Draws anew when the width or the colours of the surroundings change.
  follow() {
    darkQuery.addEventListener("change", () => this.draw());
    let width = this.host.clientWidth;
    new ResizeObserver(() => {
      if (this.host.clientWidth === width || !this.host.clientWidth) return;
      width = this.host.clientWidth;
      this.resized();
      this.draw();
    }).observe(this.host);
  }

  // What stands between the bar and the picture, such as a legend.
  above() {
    return [];
  }

  resized() {}

  // The wheel zooms where it can't be meant for the page: nothing to scroll, or the chart has focus.
  wheel(event) {
    event.stopPropagation(); // a library would keep the page from scrolling even where it won't zoom
    const root = document.documentElement;
    const still = root.scrollHeight <= root.clientHeight;
    if (!event.deltaY || !(still || this.stage.contains(document.activeElement))) return;
    event.preventDefault();
    const box = this.host.getBoundingClientRect();
    const factor = event.deltaY < 0 ? 0.8 : 1.25;
    this.wheeled(factor, event.clientX - box.left, event.clientY - box.top);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.stage) return;
    const act = this.keys()[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  help() {
    this.chosen = -1;
    this.placeRing();
    this.details.replaceChildren(fields(this.keyHelp()));
  }

  hover(x, y) {
    const pairs = x < 0 ? null : this.told(x, y);
    this.tip.hidden = !pairs;
    if (!pairs) return;
    this.tip.replaceChildren(fields(pairs));
    const room = this.stage.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = `${Math.max(4, Math.min(x + 14, room))}px`;
    const under = y + 16;
    const fits = under + this.tip.offsetHeight < this.stage.clientHeight;
    this.tip.style.top = `${fits ? under : Math.max(4, y - this.tip.offsetHeight - 12)}px`;
  }

  choose(index) {
    this.chosen = index;
    this.placeRing();
    if (index < 0) this.details.replaceChildren();
    else this.details.replaceChildren(...this.detailed(index));
    this.tell?.();
  }

  // What a notebook hears (page.js calls it), and what comes from there.
  state() {
    return { mark: this.chosen, told: this.chosen < 0 ? [] : this.describe(this.chosen) };
  }

  apply({ mark }) {
    if (!Number.isInteger(mark) || mark === this.chosen) return;
    if (mark < 0) this.choose(-1);
    else if (this.knows(mark)) this.reach(mark);
  }

  detailed(index) {
    return [fields(this.describe(index))];
  }

  placeRing() {
    const at = this.chosen >= 0 ? this.placeOf(this.chosen) : null;
    this.ring.hidden = !at;
    if (!at) return;
    this.ring.style.left = `${at.x}px`;
    this.ring.style.top = `${at.y}px`;
  }
}
