// The axes around units: lines and labels on a canvas, flat around a plot or along a box in space.
import { corners, projector } from "./camera.js";
import { clipped } from "./labels.js";

const WIDEST = 120; // pixels of a label

export function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

// Ticks are { at, label } with `at` as a share of the axis. `box` is { left, top, wide, tall } on the
// screen; `across` and `up` put a share of their axis on the screen.
export function flatAxes(context, colours, box, { across, up, x, y, width }) {
  const [right, bottom] = [box.left + box.wide, box.top + box.tall];
  context.font = "11px sans-serif";
  context.strokeStyle = colours.line;
  context.fillStyle = colours.faint;
  context.textBaseline = "top";
  context.textAlign = "center";
  let free = -Infinity;
  for (const { at, label } of x.ticks) {
    const place = across(at);
    if (place < box.left - 1 || place > right + 1) continue;
    const said = clipped(context, label, WIDEST);
    const half = context.measureText(said).width / 2;
    if (place - half < free) continue;
    free = place + half + 8;
    context.fillText(said, Math.min(place, width - half - 2), bottom + 6);
  }
  line(context, box.left, bottom, right, bottom);
  context.textAlign = "right";
  context.textBaseline = "middle";
  let above = Infinity;
  for (const { at, under = at, label } of y.ticks) {
    const [place, rule] = [up(at), up(under)];
    if (rule >= box.top && rule <= bottom) line(context, box.left, rule, right, rule);
    if (place > above || place < box.top - 1 || place > bottom + 1) continue;
    above = place - 13;
    context.fillText(clipped(context, label, box.left - 30), box.left - 8, place);
  }
  context.textAlign = "center";
  context.fillStyle = colours.text;
  context.fillText(clipped(context, x.name, box.wide), box.left + box.wide / 2, bottom + 38);
  context.save();
  context.translate(10, box.top + box.tall / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(clipped(context, y.name, box.tall), 0, 0);
  context.restore();
  context.textAlign = "left";
}

// The floor and the two walls behind the units, with lines at the ticks.
export function walls(context, colours, view, dims, axes) {
  const project = projector(view);
  const sides = sidesOf(project, dims);
  const [wide, tall, deep] = dims.map((length) => length / 2);
  context.save();
  context.globalAlpha *= 0.7;
  const draw = (...places) => {
    const points = places.map(([x, y, z]) => project(x, y, z));
    line(context, points[0][0], points[0][1], points[1][0], points[1][1]);
  };
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  const [backX, backZ] = [-sides.x * wide, -sides.z * deep];
  for (const share of rules(axes.x)) {
    const x = (share - 0.5) * dims[0];
    draw([x, -tall, -deep], [x, -tall, deep]);
    draw([x, -tall, backZ], [x, tall, backZ]);
  }
  for (const share of rules(axes.z)) {
    const z = (0.5 - share) * dims[2];
    draw([-wide, -tall, z], [wide, -tall, z]);
    draw([backX, -tall, z], [backX, tall, z]);
  }
  for (const share of rules(axes.y)) {
    const y = (share - 0.5) * dims[1];
    draw([-wide, y, backZ], [wide, y, backZ]);
    draw([backX, y, -deep], [backX, y, deep]);
  }
  context.restore();
}

// Where lines run: beside names, which stand in the middle of their places; at numbers.
const rules = ({ ticks }) => new Set([0, 1, ...ticks.map(({ at, under = at }) => under)]);

// Labels along the edges that nothing hides: the floor's two nearest, and the leftmost upright.
export function edges(context, colours, view, dims, axes, width) {
  const project = projector(view);
  const sides = sidesOf(project, dims);
  const [wide, tall, deep] = dims.map((length) => length / 2);
  const middle = project(0, -tall, 0);
  context.font = "11px sans-serif";
  context.lineJoin = "round";
  const taken = [];
  const along = (axis, place) => {
    const [sx, sy] = project(...place(0.5));
    const outward = Math.hypot(sx - middle[0], sy - middle[1]) || 1;
    const [ox, oy] = [(sx - middle[0]) / outward, (sy - middle[1]) / outward];
    let [widest, lowest] = [0, sy];
    for (const { at, label } of axis.ticks) {
      const [x, y] = project(...place(at));
      lowest = Math.max(lowest, y);
      widest = Math.max(widest, lettered(context, colours, label, x + ox * 12, y + oy * 12 + 3, [ox, oy], taken, colours.faint));
    }
    // The name stands beyond the labels, whether they reach out to the side or below.
    const aside = Math.abs(ox) > 0.35 ? Math.sign(ox) * (widest + 24) : 0;
    const room = ox > 0 ? width - sx - aside : sx + aside;
    const fits = !aside || context.measureText(axis.name).width < room - 6;
    const [x, y] = fits ? [sx + aside, sy + oy * 12 + (aside ? 8 : 34)] : [sx, lowest + 26];
    lettered(context, colours, axis.name, x, y, [fits ? ox : 0, oy], taken, colours.text, true);
  };
  along(axes.x, (at) => [(at - 0.5) * dims[0], -tall, sides.z * deep]);
  along(axes.z, (at) => [sides.x * wide, -tall, (0.5 - at) * dims[2]]);
  const upright = corners(...dims)
    .filter(([, y]) => y < 0)
    .map(([x, , z]) => ({ x, z, at: project(x, 0, z)[0] }))
    .sort((a, b) => (sides.x > 0 ? a.at - b.at : b.at - a.at))[0];
  const out = sides.x > 0 ? -1 : 1;
  for (const { at, label } of axes.y.ticks) {
    const [x, y] = project(upright.x, (at - 0.5) * dims[1], upright.z);
    lettered(context, colours, label, x + out * 8, y, [out, 0], taken, colours.faint);
  }
  const [x, y] = project(upright.x, tall, upright.z);
  lettered(context, colours, axes.y.name, x, y - 12, [0, -1], taken, colours.text, true);
}

// On which sides the viewer stands: 1 or -1 for x and for z.
function sidesOf(project, [wide, , deep]) {
  const depth = (x, z) => project(x, 0, z)[2];
  return { x: depth(wide, 0) >= depth(-wide, 0) ? 1 : -1, z: depth(0, deep) >= depth(0, -deep) ? 1 : -1 };
}

// A label that leaves others alone: it is not written where one stands, unless it must be.
function lettered(context, colours, label, x, y, [ox], taken, ink, must = false) {
  const said = clipped(context, label, must ? 220 : WIDEST);
  const wide = context.measureText(said).width;
  const left = ox < -0.35 ? x - wide : ox > 0.35 ? x : x - wide / 2;
  const box = [left - 3, y - 7, left + wide + 3, y + 7];
  const meets = taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
  if (meets && !must) return 0;
  taken.push(box);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.strokeStyle = colours.ground;
  context.lineWidth = 4;
  context.strokeText(said, left, y);
  context.lineWidth = 1;
  context.fillStyle = ink;
  context.fillText(said, left, y);
  return wide;
}
