// A parallel projection, in which what is equal looks equal wherever it stands. Knows nothing of
// drawing. The world is in pixels, x to the right, y up, z towards the viewer, and (0, 0, 0) in its
// middle; a view turns it by `yaw` and tips it by `pitch`, enlarges it by `k`, and puts its middle
// at (cx, cy) of the screen. Depths grow towards the viewer.

// The directions right, up and towards the viewer, in the world's coordinates.
export function axesOf({ yaw, pitch }) {
  const [c, s, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return { right: [c, 0, s], up: [s * sp, cp, -c * sp], near: [-s * cp, sp, c * cp] };
}

const dot = (a, x, y, z) => a[0] * x + a[1] * y + a[2] * z;

// From places in the world to [x, y, depth] on the screen.
export function projector(view) {
  const { right, up, near } = axesOf(view);
  const { k, cx, cy } = view;
  return (x, y, z) => [cx + k * dot(right, x, y, z), cy - k * dot(up, x, y, z), k * dot(near, x, y, z)];
}

// The view that shows a box of these dimensions whole inside `room`, turned like this.
export function fitted([wide, tall, deep], yaw, pitch, room) {
  const project = projector({ yaw, pitch, k: 1, cx: 0, cy: 0 });
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y, z] of corners(wide, tall, deep)) {
    const [sx, sy] = project(x, y, z);
    [left, right] = [Math.min(left, sx), Math.max(right, sx)];
    [top, bottom] = [Math.min(top, sy), Math.max(bottom, sy)];
  }
  const k = Math.min(room.wide / (right - left), room.tall / (bottom - top));
  return {
    yaw, pitch, k,
    cx: room.left + room.wide / 2 - (k * (left + right)) / 2,
    cy: room.top + room.tall / 2 - (k * (top + bottom)) / 2,
  };
}

export function corners(wide, tall, deep) {
  const out = [];
  for (const x of [-0.5, 0.5]) for (const y of [-0.5, 0.5]) for (const z of [-0.5, 0.5]) out.push([x * wide, y * tall, z * deep]);
  return out;
}

// The view as the matrices that a graphics card wants, column by column.
const FAR = 20000; // the world is some thousand pixels deep

export function matrices(view, width, height) {
  const { right: r, up: u, near: n } = axesOf(view);
  const { k, cx, cy } = view;
  const [left, above] = [(cx - width / 2) / k, (height / 2 - cy) / k];
  return {
    seen: [r[0], u[0], n[0], 0, r[1], u[1], n[1], 0, r[2], u[2], n[2], 0, left, above, 0, 1],
    inverse: [r[0], r[1], r[2], 0, u[0], u[1], u[2], 0, n[0], n[1], n[2], 0, 0, 0, 0, 1],
    flat: [(2 * k) / width, 0, 0, 0, 0, (2 * k) / height, 0, 0, 0, 0, -1 / FAR, 0, 0, 0, 0, 1],
  };
}

// Where the line of sight that is `du`, `dv` (world pixels) beside the middle of a box with these
// half sizes leaves the box towards the viewer: [how much nearer than the middle, through the face
// of which axis], or null if it misses the box.
export function struck({ right, up, near }, half, du, dv) {
  let [enter, leave, face] = [-Infinity, Infinity, 2];
  for (let axis = 0; axis < 3; axis++) {
    const at = du * right[axis] + dv * up[axis];
    const along = near[axis];
    if (Math.abs(along) < 1e-9) {
      if (Math.abs(at) > half[axis]) return null;
      continue;
    }
    const one = (-half[axis] - at) / along;
    const two = (half[axis] - at) / along;
    enter = Math.max(enter, Math.min(one, two));
    if (Math.max(one, two) < leave) [leave, face] = [Math.max(one, two), axis];
  }
  return enter <= leave ? [leave, face] : null;
}

// The foremost unit under a place on the screen, else the one whose middle is nearest within
// `reach` pixels, else -1. `at` holds the places x, y, z and the sizes of all units.
export function picked(view, at, shown, px, py, reach = 5) {
  const axes = axesOf(view);
  const { right, up, near } = axes;
  const half = at.size.map((side) => side / 2);
  const [u, v] = [(px - view.cx) / view.k, (view.cy - py) / view.k];
  const around = Math.hypot(...half);
  const wide = Math.max(around, reach / view.k);
  let [best, depth, close, distance] = [-1, -Infinity, -1, reach / view.k];
  for (let i = 0; i < at.x.length; i++) {
    const [x, y, z] = [at.x[i], at.y[i], at.z[i]];
    const du = u - dot(right, x, y, z);
    if (Math.abs(du) > wide) continue;
    const dv = v - dot(up, x, y, z);
    if (Math.abs(dv) > wide || !shown(i)) continue;
    const hit = struck(axes, half, du, dv);
    const front = hit && hit[0] + dot(near, x, y, z);
    if (hit && front > depth) [best, depth] = [i, front];
    const away = Math.hypot(du, dv);
    if (away < distance) [close, distance] = [i, away];
  }
  return best >= 0 ? best : close;
}

// How bright the faces across x, y and z are, as shares of their full colour, for the light that
// falls over the viewer's left shoulder. The face seen is the one that looks at the viewer.
export const LIGHT = [-0.29, 0.49, 0.82];
export const AMBIENT = 0.2;

export function shades(view) {
  const { right, up, near } = axesOf(view);
  return [0, 1, 2].map((axis) => {
    const sign = near[axis] < 0 ? -1 : 1;
    const lit = sign * (LIGHT[0] * right[axis] + LIGHT[1] * up[axis] + LIGHT[2] * near[axis]);
    return Math.min(1, AMBIENT + Math.max(0, lit)) ** (1 / 2.2); // light adds up, colours are by eye
  });
}

// Where units are on their way: each starts when its turn (0 to 1) comes, and takes MOVING of the
// time. As the shaders of morphcharts do it.
export const MOVING = 0.6;

export function eased(share, turn = 0) {
  const t = Math.min(1, Math.max(0, (share - turn * (1 - MOVING)) / MOVING));
  return t * t * (3 - 2 * t);
}

export function between(from, to, share, turns) {
  if (share >= 1) return to;
  const count = to.x.length;
  const out = { x: new Float32Array(count), y: new Float32Array(count), z: new Float32Array(count) };
  for (let i = 0; i < count; i++) {
    const t = eased(share, turns[i]);
    out.x[i] = from.x[i] + (to.x[i] - from.x[i]) * t;
    out.y[i] = from.y[i] + (to.y[i] - from.y[i]) * t;
    out.z[i] = from.z[i] + (to.z[i] - from.z[i]) * t;
  }
  const t = eased(share, 0.5);
  return { ...out, size: to.size.map((side, axis) => from.size[axis] + (side - from.size[axis]) * t) };
}

export function viewBetween(from, to, share) {
  const t = eased(share, 0.5);
  return Object.fromEntries(Object.keys(to).map((key) => [key, from[key] + (to[key] - from[key]) * t]));
}
