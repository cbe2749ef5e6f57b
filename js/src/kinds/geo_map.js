// Where in the world: points by count, lines between them, countries by count. Nothing is
// fetched, unless the caller named a server of tiles.
import { column, text } from "../decode.js";
import { button, fields, make } from "../dom.js";
import { clipped } from "../labels.js";
import { Legend } from "../legend.js";
import { mark } from "../marks.js";
import { rgb } from "../palette.js";
import { short } from "../scales.js";
import { Surface } from "../surface.js";
import { TileLayer, spread } from "../tiles.js";
import { count } from "../times.js";

const FLAT = 0.8; // degrees of longitude are drawn narrower, as they are at about 37 degrees
const HEIGHT = 600;
const WHOLE = [-180, -84, 180, 60]; // left, top, right, bottom, without the emptiest south

class GeoMap extends Surface {
  constructor(plot, spec, blobs) {
    super(plot, spec);
    const data = JSON.parse(text(blobs.places));
    this.data = data;
    this.texts = data.texts.map(column);
    this.size = data.lon.length;
    this.most = data.rows.reduce((most, each) => Math.max(most, each), 1);
    this.world = window.huntkit.world;
    this.tiles = spec.tiles ? new TileLayer(spec.tiles, () => this.soon()) : null;
    // Tiles come in Web Mercator, so all else must, too.
    this.flat = this.tiles ? 1 : FLAT;
    this.up = this.tiles ? spread : (lat) => lat;
    const { grid } = this.world;
    const raised = this.tiles ? (y) => spread(y / grid) * grid : (y) => y;
    this.paths = this.world.shapes.map((rings) => outline(rings, raised));
    this.sizes = this.world.shapes.map(extent); // in degrees
    this.shade = new Map();
    const place = new Map(this.world.codes.map((code, at) => [code, at]));
    data.countries.forEach(({ code }, at) => this.shade.set(place.get(code), at));
    this.sizesShaded = data.countries.map(({ code }) => this.sizes[place.get(code)] / this.world.grid);
    this.top = data.countries.reduce((most, each) => Math.max(most, each.rows), 1);
    this.legend = new Legend(spec.groups, () => this.draw());
    const around = this.size || data.countries.length ? [button("Points", "Zoom to what is marked (key m)", () => this.toMarks())] : [];
    this.build("map", HEIGHT, around);
  }

  above() {
    return this.spec.groups.length > 1 ? [this.legend.element] : [];
  }

  bounds() {
    return [WHOLE[0] * this.flat, -this.up(-WHOLE[1]), WHOLE[2] * this.flat, -this.up(-WHOLE[3])];
  }

  x(lon) {
    return lon * this.flat * this.view.k + this.view.x;
  }

  y(lat) {
    return -this.up(lat) * this.view.k + this.view.y;
  }

  toMarks() {
    const { lon, lat, countries } = this.data;
    const lons = [...lon, ...countries.map((each) => each.lon)].map((each) => each * this.flat);
    const lats = [...lat, ...countries.map((each) => each.lat)].map((each) => -this.up(each));
    const air = 4; // degrees
    this.frame([Math.min(...lons) - air, Math.min(...lats) - air, Math.max(...lons) + air, Math.max(...lats) + air], 40, 60);
  }

  colour(i) {
    const group = this.data.groups[i];
    if (this.spec.groups[group]?.rest) return this.colours.faint;
    return this.colours.series[(group + 1) % this.colours.series.length];
  }

  countryColour(at) {
    const share = Math.log1p(this.data.countries[at].rows) / Math.log1p(this.top);
    const [from, to] = this.colours.ramp.map(rgb);
    return `rgb(${from.map((each, i) => Math.round(each + (to[i] - each) * share)).join(",")})`;
  }

  radius(i) {
    return 3.5 + 13 * Math.sqrt(this.data.rows[i] / this.most);
  }

  paint(context) {
    const c = this.colours;
    const ratio = window.devicePixelRatio || 1;
    this.legend.paint((at) => (this.spec.groups[at].rest ? c.faint : c.series[(at + 1) % c.series.length]));
    context.fillStyle = c.sea;
    context.fillRect(0, 0, this.width, this.height);
    const { k, x, y } = this.view;
    const grid = k / this.world.grid;
    context.save();
    context.setTransform(ratio * grid * this.flat, 0, 0, -ratio * grid, ratio * x, ratio * y);
    const fill = (path, colour) => {
      context.fillStyle = colour;
      context.fill(path, "evenodd");
    };
    this.paths.forEach((path, at) => {
      if (this.tiles || !this.shade.has(at)) fill(path, c.land);
    });
    if (this.tiles) {
      this.paintBorders(context, ratio, grid, x, y); // seen where no tile comes
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.tiles.paint(context, this.view, this.width, this.height);
      context.setTransform(ratio * grid * this.flat, 0, 0, -ratio * grid, ratio * x, ratio * y);
      context.globalAlpha = 0.55;
    }
    this.shade.forEach((shaded, at) => fill(this.paths[at], this.countryColour(shaded)));
    context.restore();
    if (!this.tiles) this.paintBorders(context, ratio, grid, x, y);
    this.paintSmallCountries(context);
    this.paintLines(context);
    this.paintPoints(context);
    this.paintScale(context);
    if (this.tiles) this.paintOwner(context);
  }

  paintOwner(context) {
    const label = clipped(context, this.tiles.attribution, this.width / 2);
    const wide = context.measureText(label).width;
    context.globalAlpha = 0.85;
    context.fillStyle = this.colours.ground;
    context.fillRect(this.width - wide - 24, this.height - 28, wide + 16, 20);
    context.globalAlpha = 1;
    context.fillStyle = this.colours.text;
    context.fillText(label, this.width - wide - 16, this.height - 18);
  }

  paintBorders(context, ratio, grid, x, y) {
    context.save();
    context.strokeStyle = this.colours.border;
    context.setTransform(ratio * grid * this.flat, 0, 0, -ratio * grid, ratio * x, ratio * y);
    context.lineWidth = 0.7 / grid;
    for (const path of this.paths) context.stroke(path);
    context.restore();
  }

  // Shaded countries too small to be seen get a disc.
  paintSmallCountries(context) {
    this.data.countries.forEach(({ lon, lat }, at) => {
      if (!this.isSmall(at)) return;
      context.fillStyle = this.countryColour(at);
      context.strokeStyle = this.colours.border;
      context.lineWidth = 1;
      context.beginPath();
      context.arc(this.x(lon), this.y(lat), 4, 0, 7);
      context.fill();
      context.stroke();
    });
  }

  isSmall(at) {
    return this.sizesShaded[at] * this.view.k < 10;
  }

  shown(i) {
    return !this.legend.hidden.has(this.data.groups[i]);
  }

  paintLines(context) {
    const { from, to, line_rows: rows } = this.data;
    const most = rows.reduce((top, each) => Math.max(top, each), 1);
    for (let i = 0; i < from.length; i++) {
      const [a, b] = [from[i], to[i]];
      if (!this.shown(a) || !this.shown(b)) continue;
      const [x1, y1] = [this.x(this.data.lon[a]), this.y(this.data.lat[a])];
      const [x2, y2] = [this.x(this.data.lon[b]), this.y(this.data.lat[b])];
      const strong = a === this.chosen || b === this.chosen;
      context.strokeStyle = strong ? this.colours.alarm : this.colours.series[0];
      context.globalAlpha = strong ? 0.95 : 0.55;
      context.lineWidth = 1 + 3 * Math.sqrt(rows[i] / most);
      context.beginPath();
      context.moveTo(x1, y1);
      const bend = 0.16;
      context.quadraticCurveTo((x1 + x2) / 2 + (y1 - y2) * bend, (y1 + y2) / 2 - Math.abs(x2 - x1) * bend, x2, y2);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  paintPoints(context) {
    for (let i = 0; i < this.size; i++) { // the largest come first, so small ones lie on top
      if (!this.shown(i)) continue;
      const [x, y] = [this.x(this.data.lon[i]), this.y(this.data.lat[i])];
      mark(context, this.data.groups[i], x, y, this.radius(i), this.colour(i));
    }
  }

  paintScale(context) {
    const c = this.colours;
    const said = [];
    if (this.size) said.push(`largest mark: ${short(this.most)} rows`);
    if (this.data.countries.length) said.push(`strongest country: ${short(this.top)} rows (log scale)`);
    context.font = "11px sans-serif";
    context.textBaseline = "middle";
    const label = said.join(" · ");
    const wide = context.measureText(label).width;
    context.globalAlpha = 0.85;
    context.fillStyle = c.ground;
    context.fillRect(8, this.height - 28, wide + 16, 20);
    context.globalAlpha = 1;
    context.fillStyle = c.text;
    context.fillText(label, 16, this.height - 18);
  }

  telling() {
    return [
      this.size ? `${count(this.size)} places` : "",
      this.data.from.length ? `${count(this.data.from.length)} lines` : "",
      this.data.countries.length ? `${count(this.data.countries.length)} countries` : "",
    ].filter(Boolean).join(" · ");
  }

  // Points come first, then the shaded countries, then all other countries.
  markAt(x, y) {
    for (let i = this.size - 1; i >= 0; i--) {
      const away = Math.hypot(this.x(this.data.lon[i]) - x, this.y(this.data.lat[i]) - y);
      if (this.shown(i) && away <= this.radius(i) + 2) return i;
    }
    const small = this.data.countries.findIndex(({ lon, lat }, at) => this.isSmall(at) && Math.hypot(this.x(lon) - x, this.y(lat) - y) < 6);
    if (small >= 0) return this.size + small;
    const at = this.countryAt(x, y);
    const shaded = this.shade.get(at);
    return shaded === undefined ? -1 : this.size + shaded;
  }

  countryAt(x, y) {
    const { k, x: left, y: top } = this.view;
    const lon = ((x - left) / k / this.flat) * this.world.grid;
    const lat = (-(y - top) / k) * this.world.grid;
    this.probe ??= document.createElement("canvas").getContext("2d");
    return this.paths.findIndex((path) => this.probe.isPointInPath(path, lon, lat, "evenodd"));
  }

  told(x, y) {
    const at = this.markAt(x, y);
    if (at >= 0) return this.describe(at);
    const country = this.countryAt(x, y);
    return country < 0 ? null : [["country", this.world.names[country]]];
  }

  describe(i) {
    if (i >= this.size) {
      const { name, code, rows } = this.data.countries[i - this.size];
      return [["country", code ? `${name} (${code})` : name], ["rows", count(rows)]];
    }
    const { lat, lon, rows, groups } = this.data;
    const pairs = [["latitude, longitude", `${lat[i]}, ${lon[i]}`], ["rows", count(rows[i])]];
    if (this.spec.group_title) pairs.push([this.spec.group_title, this.spec.groups[groups[i]].name]);
    for (const { name, values, codes } of this.texts) pairs.push([name, values[codes[i]]]);
    return pairs;
  }

  detailed(i) {
    const parts = super.detailed(i);
    if (i >= this.size) return parts;
    const { from, to, line_rows: rows, lat, lon } = this.data;
    const said = [];
    from.forEach((a, line) => {
      if (a !== i && to[line] !== i) return;
      const other = a === i ? to[line] : a;
      said.push([a === i ? "line to" : "line from", `${lat[other]}, ${lon[other]} · ${count(rows[line])} rows`]);
    });
    return said.length ? [...parts, fields(said.slice(0, 50))] : parts;
  }

  placeOf(i) {
    if (i < this.size) {
      return this.shown(i) ? { x: this.x(this.data.lon[i]), y: this.y(this.data.lat[i]) } : null;
    }
    const { lon, lat } = this.data.countries[i - this.size];
    return { x: this.x(lon), y: this.y(lat) };
  }

  choose(i) {
    super.choose(i);
    if (this.data.from.length) this.draw();
  }

  order() {
    const points = Array.from({ length: this.size }, (_, i) => i).filter((i) => this.shown(i));
    return [...points, ...this.data.countries.map((_, at) => this.size + at)];
  }

  keys() {
    return { ...super.keys(), m: () => this.toMarks() };
  }

  keyHelp() {
    return [...super.keyHelp(), ["m", "zoom to what is marked"]];
  }
}

// A country's rings, in steps on the grid, as one path with north up; `raised` is where a latitude
// stands.
function outline(rings, raised) {
  const path = new Path2D();
  for (const ring of rings) {
    let [x, y] = [0, 0];
    for (let i = 0; i < ring.length; i += 2) {
      [x, y] = [x + ring[i], y + ring[i + 1]];
      if (i) path.lineTo(x, raised(y));
      else path.moveTo(x, raised(y));
    }
    path.closePath();
  }
  return path;
}

// The longer side of a country's largest ring, in steps on the grid.
function extent(rings) {
  let most = 0;
  for (const ring of rings) {
    let [x, y, left, right, low, high] = [0, 0, Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < ring.length; i += 2) {
      [x, y] = [x + ring[i], y + ring[i + 1]];
      [left, right, low, high] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(high, y)];
    }
    most = Math.max(most, right - left, high - low);
  }
  return most;
}

window.huntkit.register("geo_map", (figure, plot, spec, blobs) => {
  if (spec.places) return new GeoMap(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
