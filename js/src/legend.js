// Names with their colour and shape; each is a switch that hides and shows what it names.
import { make } from "./dom.js";
import { glyph } from "./marks.js";
import { count } from "./times.js";

// `groups` have a name, and perhaps a count and `rest`; `changed` is called with the hidden ones.
export class Legend {
  constructor(groups, changed) {
    this.hidden = new Set();
    this.element = make("div", "hk-legend");
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Show or hide");
    this.swatches = groups.map((group, at) => {
      const item = make("button", "hk-button hk-item");
      item.type = "button";
      item.title = group.name;
      item.setAttribute("aria-pressed", "true");
      const swatch = make("span", "hk-swatch", group.glyph ?? glyph(at));
      swatch.setAttribute("aria-hidden", "true");
      item.append(swatch, make("span", "hk-label", group.name));
      if (group.count !== undefined) item.append(make("span", "hk-count", count(group.count)));
      item.addEventListener("click", () => {
        const shown = this.hidden.delete(at);
        if (!shown) this.hidden.add(at);
        item.setAttribute("aria-pressed", String(shown));
        changed(this.hidden);
      });
      this.element.append(item);
      return swatch;
    });
  }

  paint(colourOf) {
    this.swatches.forEach((swatch, at) => {
      swatch.style.color = colourOf(at);
    });
  }
}
