import assert from "node:assert/strict";
import { test } from "node:test";
import { axesOf, between, corners, eased, fitted, matrices, picked, projector, shades, struck } from "../src/camera.js";
import { blocks, space, stacks } from "../src/spaces.js";
import { stamped, stampOf } from "../src/stamps.js";
import { binTicks, heightTicks, unitAxis, valueTicks } from "../src/unitaxes.js";

const VIEWS = [[0, 0], [-0.38, 0.42], [2.5, 1.2], [4, 0.1]].map(([yaw, pitch]) => ({ yaw, pitch, k: 1.7, cx: 200, cy: 150 }));
const near = (a, b, by = 1e-6) => assert.ok(Math.abs(a - b) < by, `${a} is not ${b}`);
const all = (length, value) => new Uint16Array(length).map((_, i) => value(i));

test("right, up and near are a right-handed set of unit length", () => {
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  for (const view of VIEWS) {
    const { right, up, near: n } = axesOf(view);
    for (const each of [right, up, n]) near(dot(each, each), 1);
    for (const [a, b] of [[right, up], [up, n], [n, right]]) near(dot(a, b), 0);
    near(right[1] * up[2] - right[2] * up[1], n[0]);
  }
});

test("seen from the front, x goes right, y goes up and nothing is hidden by depth alone", () => {
  assert.deepEqual(projector({ yaw: 0, pitch: 0, k: 2, cx: 10, cy: 20 })(3, 4, 5), [16, 12, 10]);
});

test("from above, what is behind is higher on the screen", () => {
  const project = projector(VIEWS[1]);
  assert.ok(project(0, 0, -50)[1] < project(0, 0, 50)[1]);
  assert.ok(project(0, 0, 50)[2] > project(0, 0, -50)[2]);
});

test("a box is shown whole and as large as the room allows", () => {
  const room = { left: 30, top: 40, wide: 500, tall: 300 };
  for (const { yaw, pitch } of VIEWS) {
    const view = fitted([300, 200, 120], yaw, pitch, room);
    const seen = corners(300, 200, 120).map((place) => projector(view)(...place));
    const [xs, ys] = [0, 1].map((axis) => seen.map((place) => place[axis]));
    assert.ok(Math.min(...xs) > 29.9 && Math.max(...xs) < 530.1 && Math.min(...ys) > 39.9 && Math.max(...ys) < 340.1);
    assert.ok(Math.max(...xs) - Math.min(...xs) > 499.9 || Math.max(...ys) - Math.min(...ys) > 299.9);
  }
});

test("the graphics card's matrices put places where the projector does", () => {
  const times = (m, v) => [0, 1, 2, 3].map((row) => m[row] * v[0] + m[row + 4] * v[1] + m[row + 8] * v[2] + m[row + 12] * v[3]);
  for (const view of VIEWS) {
    const { seen, flat } = matrices(view, 640, 480);
    for (const place of [[0, 0, 0], [30, -20, 70], [-100, 50, 8]]) {
      const [x, y, z] = times(flat, times(seen, [...place, 1]));
      const [sx, sy] = projector(view)(...place);
      near(((x + 1) * 640) / 2, sx, 1e-3);
      near(((1 - y) * 480) / 2, sy, 1e-3);
      assert.ok(Math.abs(z) < 1);
    }
  }
});

test("a line of sight leaves a box through the face that is seen there", () => {
  assert.deepEqual(struck(axesOf({ yaw: 0, pitch: 0 }), [1, 1, 1], 0.5, 0.5), [1, 2]);
  assert.equal(struck(axesOf({ yaw: 0, pitch: 0 }), [1, 1, 1], 1.5, 0), null);
  assert.equal(struck(axesOf({ yaw: 0, pitch: 1.2 }), [1, 1, 1], 0, 0)[1], 1); // from above: its top
});

test("faces are lit differently in space, and fully in a flat picture", () => {
  assert.equal(shades({ yaw: 0, pitch: 0 })[2], 1);
  const [x, y, z] = shades(VIEWS[1]);
  assert.ok(y > z && z > x && x > 0.3);
});

test("the foremost unit is picked, then the nearest within reach, and no hidden one", () => {
  const at = { x: [0, 0, 90], y: [0, 0, 0], z: [0, 40, 0], size: [10, 10, 10] };
  const view = { yaw: 0, pitch: 0, k: 1, cx: 100, cy: 100 };
  const pick = (x, y, shown = () => true) => picked(view, at, shown, x, y);
  assert.deepEqual([pick(101, 99), pick(190, 100), pick(140, 100)], [1, 2, -1]);
  assert.equal(pick(101, 99, (i) => i !== 1), 0);
  assert.equal(picked({ ...view, k: 0.1 }, { ...at, size: [1, 1, 1] }, () => true, 112, 100), 2); // 3 pixels away
});

test("units start in turn, none late, and end where they should", () => {
  assert.deepEqual([eased(0, 0), eased(0, 1), eased(0.3, 1), eased(1, 0), eased(1, 1)], [0, 0, 0, 1, 1]);
  const from = { x: [0, 0], y: [0, 0], z: [0, 0], size: [1, 1, 1] };
  const to = { x: [8, 8], y: [4, 4], z: [2, 2], size: [3, 3, 3] };
  assert.equal(between(from, to, 1, [0, 1]), to);
  const half = between(from, to, 0.5, [0, 1]);
  assert.ok(half.x[0] > half.x[1] && half.x[0] < 8 && half.size[0] === 2);
});

test("stacks hold every unit once, apart, on the floor of its cell", () => {
  const size = 400;
  const [column, row] = [all(size, (i) => i % 5), all(size, (i) => (i * i) % 3)];
  const order = Array.from({ length: size }, (_, i) => i);
  const dims = [500, 200, 300];
  const { x, y, z, side, size: cube } = stacks(column, row, 5, 3, order, dims);
  assert.equal(new Set(order.map((i) => [x[i], y[i], z[i]].map((v) => v.toFixed(3)).join())).size, size);
  assert.ok(cube[0] < side);
  for (const i of order) {
    assert.ok(Math.abs(x[i] - (column[i] - 2) * 100) + side / 2 <= 50.01);
    assert.ok(Math.abs(z[i] - (1 - row[i]) * 100) + side / 2 <= 50.01);
    assert.ok(y[i] - side / 2 >= -100.01 && y[i] + side / 2 <= 100.01);
  }
  near(Math.min(...y) - side / 2, -100, 1e-3);
});

test("blocks keep every unit in its cell of three columns", () => {
  const size = 600;
  const parts = [4, 3, 2];
  const [column, level, row] = parts.map((n, shift) => all(size, (i) => (i * (shift + 3) + ((i * i) >> shift)) % n));
  const order = Array.from({ length: size }, (_, i) => i);
  const { x, y, z, side } = blocks(column, level, row, parts, order, [400, 300, 200]);
  for (const i of order) {
    assert.ok(Math.abs(x[i] - (column[i] - 1.5) * 100) + side / 2 <= 50.01);
    assert.ok(y[i] - side / 2 >= level[i] * 100 - 150.01 && y[i] + side / 2 <= level[i] * 100 - 49.99);
    assert.ok(Math.abs(z[i] - (0.5 - row[i]) * 100) + side / 2 <= 50.01);
  }
});

test("very many units in one cell still fit into it", () => {
  const none = new Uint16Array(60000);
  const order = Array.from({ length: 60000 }, (_, i) => i);
  const { y, side } = stacks(none, none, 24, 30, order, [1200, 290, 540]);
  assert.ok(side > 0 && Math.max(...[y.reduce((a, b) => Math.max(a, b))]) + side / 2 <= 145.01);
});

test("in space nothing strays further than its reach", () => {
  const half = new Float32Array(5000).fill(0.5);
  const { x, y, z } = space(half, half, half, 5, [0.1, 0.02, 0.05], [400, 300, 200]);
  for (let i = 0; i < 5000; i++) assert.ok(Math.abs(x[i]) <= 40 && Math.abs(y[i]) <= 6 && Math.abs(z[i]) <= 10);
  assert.ok(new Set(x).size > 100);
});

test("a stamp covers what its cube covers, and the nearer cube covers the other", () => {
  const view = { yaw: 0, pitch: 0, k: 1, cx: 10, cy: 10 };
  const stamp = stampOf(view, [5, 5, 5]);
  assert.equal(stamp.dx.length, 25);
  assert.ok(stamp.face.every((face) => face === 2));
  const target = { pixels: new Uint32Array(400), depths: new Float32Array(400).fill(-Infinity), width: 20, height: 20 };
  const at = { x: [0, 2, 99], y: [0, 0, 99], z: [0, -9, 0] };
  stamped(target, at, view, stamp, [0, 0, 7, 0, 0, 8], [0, 1, 0], new Set());
  const found = [7, 8].map((ink) => target.pixels.filter((pixel) => pixel === ink).length);
  assert.deepEqual(found, [25, 10]);
  stamped({ ...target, pixels: target.pixels.fill(0), depths: target.depths.fill(-Infinity) }, at, view, stamp, [0, 0, 7, 0, 0, 8], [0, 1, 0], new Set([0]));
  assert.deepEqual([7, 8].map((ink) => target.pixels.filter((pixel) => pixel === ink).length), [0, 25]);
});

test("units at the rim and too small to see are still painted, inside the picture", () => {
  const view = { yaw: -0.4, pitch: 0.4, k: 1, cx: 0, cy: 0 };
  const target = { pixels: new Uint32Array(100), depths: new Float32Array(100).fill(-Infinity), width: 10, height: 10 };
  stamped(target, { x: [0], y: [0], z: [0] }, view, stampOf(view, [0.01, 0.01, 0.01]), [3, 3, 3], [0], new Set());
  assert.equal(target.pixels[0], 3);
});

test("axes in bins name the middle of a name's place and the start of a number's", () => {
  const names = unitAxis({ name: "host", names: ["a", "b"] }, [0, 1]);
  assert.deepEqual(binTicks(names).map(({ at, under, label }) => [at, under, label]), [[0.25, 0, "a"], [0.75, 0.5, "b"]]);
  const numbers = unitAxis({ name: "n" }, [0, 240]);
  assert.deepEqual(binTicks(numbers).slice(0, 2).map(({ at, label }) => [at, label]), [[0, "0"], [1 / 24, "10"]]);
  assert.deepEqual(valueTicks(numbers, 3).map(({ at, label }) => [at, label]), [[0, "0"], [100 / 240, "100"], [200 / 240, "200"]]);
  assert.ok(valueTicks(numbers, 3, 0.4, 0.6).every(({ at }) => at >= 0.4 && at <= 0.6));
  assert.ok(unitAxis({ name: "n" }, [5, 5]).high > 5);
});

test("heights are told in rows", () => {
  const found = heightTicks(10, 4, 20, 200).map(({ at, label }) => [at, label]);
  assert.deepEqual(found, [[0, "0"], [0.25, "10"], [0.5, "20"], [0.75, "30"], [1, "40"]]);
});
