// The world's countries for the map, from Natural Earth (public domain) as world-atlas packs it:
// simplified, cut at the antimeridian, with ISO codes.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const read = (path) => JSON.parse(readFileSync(join(modules, path), "utf-8"));

const TOLERANCE = 0.12; // degrees that a simplified border may stray
const SMALLEST = 0.06; // square degrees; smaller islands go, unless they are all there is
const UNNUMBERED = { Kosovo: ["XK", "XKX"] }; // no ISO code, but this one is in use
const GRID = 50; // places a degree

// Douglas and Peucker: the fewest points that stay within the tolerance.
function simplified(points) {
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const stack = [[0, points.length - 1]];
  while (stack.length) {
    const [from, to] = stack.pop();
    let [far, most] = [-1, TOLERANCE];
    const [[x1, y1], [x2, y2]] = [points[from], points[to]];
    const length = Math.hypot(x2 - x1, y2 - y1);
    for (let i = from + 1; i < to; i++) {
      const [x, y] = points[i];
      const away = length
        ? Math.abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length
        : Math.hypot(x - x1, y - y1);
      if (away > most) [far, most] = [i, away];
    }
    if (far < 0) continue;
    keep[far] = 1;
    stack.push([from, far], [far, to]);
  }
  const kept = points.filter((_, i) => keep[i]);
  return kept.length < 5 ? points : kept; // an island smaller than the tolerance stays an island
}

function arcsOf(topology) {
  const { scale, translate } = topology.transform;
  return topology.arcs.map((arc) => {
    let [x, y] = [0, 0];
    const points = arc.map(([dx, dy]) => {
      [x, y] = [x + dx, y + dy];
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
    return simplified(points);
  });
}

function ringOf(indices, arcs) {
  const ring = [];
  for (const index of indices) {
    const arc = index < 0 ? [...arcs[~index]].reverse() : arcs[index];
    ring.push(...(ring.length ? arc.slice(1) : arc));
  }
  return ring;
}

// The part of a ring on one side of a meridian.
function side(ring, meridian, keepsWest) {
  const inside = ([x]) => (keepsWest ? x <= meridian : x >= meridian);
  const out = [];
  ring.forEach((point, i) => {
    const before = ring[(i + ring.length - 1) % ring.length];
    if (inside(point) !== inside(before)) {
      const share = (meridian - before[0]) / (point[0] - before[0]);
      out.push([meridian, before[1] + share * (point[1] - before[1])]);
    }
    if (inside(point)) out.push(point);
  });
  return out;
}

// A ring that crosses 180 degrees, as rings that end there.
export function cut(ring) {
  let shift = 0;
  const unwrapped = ring.map(([x, y], i) => {
    if (i) {
      const step = x - ring[i - 1][0];
      if (step > 180) shift -= 360;
      else if (step < -180) shift += 360;
    }
    return [x + shift, y];
  });
  if (shift) {
    // It goes all the way round a pole: closed along the edge of the map.
    const pole = unwrapped[0][1] < 0 ? -90 : 90;
    unwrapped.push([unwrapped[unwrapped.length - 1][0], pole], [unwrapped[0][0], pole]);
  }
  const out = [];
  for (const turn of [-360, 0, 360]) {
    const moved = unwrapped.map(([x, y]) => [x + turn, y]);
    const part = side(side(moved, -180, false), 180, true);
    if (part.length > 2) out.push(part);
  }
  return out;
}

const area = (ring) =>
  ring.reduce((sum, [x, y], i) => {
    const [px, py] = ring[(i + ring.length - 1) % ring.length];
    return sum + px * y - x * py;
  }, 0) / 2;

function centre(ring) {
  const size = area(ring);
  let [cx, cy] = [0, 0];
  ring.forEach(([x, y], i) => {
    const [px, py] = ring[(i + ring.length - 1) % ring.length];
    const cross = px * y - x * py;
    cx += (px + x) * cross;
    cy += (py + y) * cross;
  });
  const round = (n) => Math.round(n * 100) / 100;
  if (Math.abs(size) < 1e-9) return ring[0].map(round);
  return [round(cx / (6 * size)), round(cy / (6 * size))];
}

// Whole grid steps from point to point.
function packed(ring) {
  let [x, y] = [0, 0];
  const out = [];
  for (const point of ring) {
    const [gx, gy] = point.map((n) => Math.round(n * GRID));
    if (out.length && gx === x && gy === y) continue;
    out.push(gx - x, gy - y);
    [x, y] = [gx, gy];
  }
  return out;
}

export function world() {
  const topology = read("world-atlas/countries-50m.json");
  const codes = new Map(read("i18n-iso-countries/codes.json").map(([two, three, number]) => [number, [two, three]]));
  const arcs = arcsOf(topology);
  const shapes = [];
  const countries = [];
  for (const { type, arcs: rings, id, properties } of topology.objects.countries.geometries) {
    const outer = (type === "Polygon" ? [rings] : rings).map((polygon) => polygon.map((each) => ringOf(each, arcs)));
    const whole = outer.flat().flatMap(cut);
    whole.sort((a, b) => Math.abs(area(b)) - Math.abs(area(a)));
    const kept = whole.filter((ring, i) => !i || Math.abs(area(ring)) > SMALLEST);
    const [two, three] = codes.get(id) ?? UNNUMBERED[properties.name] ?? ["", ""];
    const [lon, lat] = centre(kept[0]);
    shapes.push(kept.map(packed).filter((ring) => ring.length > 5));
    countries.push({ code: two, three, name: properties.name, lon, lat });
  }
  const script = `window.huntkit.world=${JSON.stringify({ grid: GRID, codes: countries.map((c) => c.code), names: countries.map((c) => c.name), shapes })};`;
  return { script, countries: `[\n${countries.map((c) => JSON.stringify(c)).join(",\n")}\n]\n` };
}
