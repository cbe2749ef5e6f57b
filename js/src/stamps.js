// Painting without a graphics card. In a parallel projection all units of one size look alike, so
// one stamp of a cube, with a depth per pixel, serves for all. Knows nothing of canvases.
import { axesOf, projector, struck } from "./camera.js";

const BIGGEST = 400; // pixels of a stamp; a unit that is larger is painted without its rim

// The pixels that a unit of this size covers, beside its middle: how much nearer, and which face.
export function stampOf(view, size) {
  const axes = axesOf(view);
  const half = size.map((side) => Math.max((side * view.k) / 2, side ? 0.51 : 0));
  const project = projector({ ...view, k: 1, cx: 0, cy: 0 });
  let reach = 1;
  for (const x of [-1, 1]) for (const y of [-1, 1]) for (const z of [-1, 1]) {
    const [sx, sy] = project(x * half[0], y * half[1], z * half[2]);
    reach = Math.min(BIGGEST, Math.max(reach, Math.ceil(Math.abs(sx)), Math.ceil(Math.abs(sy))));
  }
  const [dx, dy, nearer, face] = [[], [], [], []];
  for (let v = -reach; v <= reach; v++) {
    for (let u = -reach; u <= reach; u++) {
      const hit = struck(axes, half, u, -v);
      if (!hit) continue;
      dx.push(u);
      dy.push(v);
      nearer.push(hit[0]);
      face.push(hit[1]);
    }
  }
  return { dx: Int16Array.from(dx), dy: Int16Array.from(dy), nearer: Float32Array.from(nearer), face: Uint8Array.from(face), reach };
}

// Stamps every unit that is not hidden where it stands; what is nearer covers what is behind it.
// `inks` has three colours a group: of the faces across x, y and z.
export function stamped({ pixels, depths, width, height }, { x, y, z }, view, stamp, inks, groups, hidden) {
  const { right, up, near } = axesOf(view);
  const { dx, dy, nearer, face, reach } = stamp;
  const { k, cx, cy } = view;
  for (let i = 0; i < x.length; i++) {
    if (hidden.has(groups[i])) continue;
    const left = Math.round(cx + k * (right[0] * x[i] + right[1] * y[i] + right[2] * z[i]));
    const top = Math.round(cy - k * (up[0] * x[i] + up[1] * y[i] + up[2] * z[i]));
    if (left < -reach || top < -reach || left >= width + reach || top >= height + reach) continue;
    const depth = k * (near[0] * x[i] + near[1] * y[i] + near[2] * z[i]);
    const whole = left >= reach && top >= reach && left + reach < width && top + reach < height;
    const ink = groups[i] * 3;
    for (let p = 0; p < dx.length; p++) {
      const [px, py] = [left + dx[p], top + dy[p]];
      if (!whole && (px < 0 || py < 0 || px >= width || py >= height)) continue;
      const place = py * width + px;
      const front = depth + nearer[p];
      if (front <= depths[place]) continue;
      depths[place] = front;
      pixels[place] = inks[ink + face[p]];
    }
  }
}
