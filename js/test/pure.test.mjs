import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { test } from "node:test";
import { byLane, density, laneDensity, lowerBound, places } from "../src/bins.js";
import { column, inflate, lookUp, numbers, sums } from "../src/decode.js";
import { branchPlace, branchRarity, forest, orderBy, searched, unfolded } from "../src/forest.js";
import { cut } from "../world.mjs";
import { binned, packed, scatter } from "../src/layouts.js";
import { Overlay } from "../src/overlay.js";
import { neighbourhoods, shortest } from "../src/paths.js";
import { rounded, ticks as numberTicks, upright } from "../src/scales.js";
import { inView, spread } from "../src/tiles.js";
import { clock, duration, stamp, ticks } from "../src/times.js";

test("a binary search finds the first value that is not below", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((v) => lowerBound([1, 2, 2, 5], v)), [0, 0, 1, 3, 4]);
});

test("every event in view is counted in exactly one column", () => {
  const times = Float64Array.from({ length: 1000 }, (_, i) => i);
  const lanes = Uint8Array.from({ length: 1000 }, (_, i) => i % 3);
  const { counts, most } = density(times, lanes, 0, 1000, 0, 999, 3, 7);
  assert.equal(counts.reduce((a, b) => a + b), 1000);
  assert.equal(most, Math.max(...counts));
});

test("looking up the columns of each lane counts what counting every event does", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const times = Float64Array.from({ length: 5000 }, () => random() ** 3 * 1000).sort();
  const lanes = Uint8Array.from(times, () => random() * 4);
  const sorted = byLane(times, lanes, 5);
  assert.deepEqual([...sorted.starts].at(-1), 5000);
  for (const [start, end, columns] of [[-10, 1010, 97], [3, 700, 650], [500, 501, 40], [2000, 3000, 5], [0, 1e-6, 3]]) {
    const [from, to] = [lowerBound(times, start), lowerBound(times, end + 1e-3)];
    const { counts, most } = density(times, lanes, from, to, start, end, 5, columns);
    const looked = laneDensity(sorted, start, end, columns, 1);
    assert.deepEqual(looked.counts, counts);
    assert.equal(looked.most, most);
  }
});

test("simultaneous events stay inside their lane", () => {
  const { y } = places(new Float64Array(500), new Uint8Array(500).fill(1), 0, 500, () => 5, 40, 4);
  assert.ok(y.every((at) => at >= 40 && at <= 80));
});

test("byte planes become running sums", () => {
  const planes = Uint8Array.from([0, 1, 44, 0, 0, 1]); // 0, 1, 300
  assert.deepEqual([...sums(planes, 3, 10, 2)], [10, 12, 612]);
  assert.equal(sums(new Uint8Array(0), 0, 0, 1).length, 0);
});

test("numbers are read as Python writes them", () => {
  const planes = Uint8Array.from([0, 44, 0, 1]); // 0, 300 in two planes
  assert.deepEqual([...numbers(planes, 2, { base: -100, scale: 100, float: 0 })], [-1, 2]);
  const half = Uint8Array.from([0, 0, 0, 0, 0, 0, 0xe0, 0x3f]); // 0.5, little-endian
  assert.deepEqual([...numbers(half, 1, { base: 0, scale: 1, float: 8 })], [0.5]);
});

test("a column's codes become positions", () => {
  const read = column({ name: "c", values: ["a", "b"], codes: [0, 1, 0, 2] });
  assert.deepEqual([0, 1, 2, 3].map((i) => lookUp(read, i)), ["a", "a", "b", "b"]);
});

test("what Python packs is unpacked", async () => {
  const packed = "eJzLSM3JyVcozy/KSQEAGgsEXQ=="; // zlib.compress(b"hello world")
  assert.equal(new TextDecoder().decode(await inflate(packed)), "hello world");
});

// 0 ─ 1 ─ 2
//   └ 3       4
const tree = forest([0, 1, 2, 1, 0]);

test("a forest knows parents and descendants", () => {
  assert.deepEqual([...tree.parent], [-1, 0, 1, 0, -1]);
  assert.deepEqual([...tree.descendants], [3, 1, 0, 0, 0]);
});

test("rows below a folded node are skipped, in any order", () => {
  assert.deepEqual(unfolded(tree, [0, 1, 2, 3, 4], [1, 0, 0, 0, 0]), [0, 1, 3, 4]);
  assert.deepEqual(unfolded(tree, [4, 0, 3, 1, 2], [0, 1, 0, 0, 0]), [4, 0]);
});

test("the foremost branch comes first, with its ancestors", () => {
  const tree = forest([0, 1, 1, 2, 0, 1]);
  // by place: the node below the second child is the foremost of all
  assert.deepEqual(orderBy(tree, branchPlace(tree, [5, 4, 3, 0, 2, 1])), [0, 2, 3, 1, 4, 5]);
  assert.deepEqual(orderBy(tree, branchPlace(tree, [5, 4, 3, 2, 1, 0])), [4, 5, 0, 2, 3, 1]);
});

test("the rarest branch comes first, with its ancestors", () => {
  const score = branchRarity(tree, [0.1, 0.2, 0.3, 0.9, 0.5]);
  assert.deepEqual(orderBy(tree, score), [0, 3, 1, 2, 4]);
  const alike = branchRarity(tree, [0, 0, 1, 0, 1]);
  assert.deepEqual(orderBy(tree, alike), [0, 1, 2, 3, 4]);
  const more = branchRarity(forest([0, 0, 1]), [1, 1, 1]);
  assert.deepEqual(orderBy(forest([0, 0, 1]), more), [1, 2, 0]);
});

test("a search keeps the way to its hits", () => {
  assert.deepEqual(searched(tree, [0, 1, 2, 3, 4], [2]), [0, 1, 2]);
});

test("times are shown in UTC, as fine as they are known", () => {
  assert.equal(stamp(0, 1000), "1970-01-01 00:00:00");
  assert.equal(clock(1.5, 0.001), "00:00:00.001500");
  assert.equal(stamp(-62135596800000, 60000), "0001-01-01 00:00");
  assert.equal(duration(90000), "90 s");
  assert.equal(duration(7200000), "2 h");
});

test("ticks are even, inside, and as fine as they need be", () => {
  const labels = (...given) => ticks(...given).map((each) => each.label);
  assert.deepEqual(labels(0, 4 * 3600000, 5), ["1970-01-01", "01:00", "02:00", "03:00", "04:00"]);
  assert.deepEqual(labels(500, 3000, 5), ["00:00:00.500", "00:00:01.000", "00:00:01.500", "00:00:02.000", "00:00:02.500", "00:00:03.000"]);
  assert.deepEqual(labels(0, 86400000 * 365, 4), ["1970-01", "1970-07", "1971-01"]);
  assert.deepEqual(labels(-62e12, 1e12, 3), ["1000", "2000"]);
  for (const [start, end] of [[0, 0.01], [1e12, 1.3e12], [-6.2e13, 2.5e14], [5, 5]]) {
    const found = ticks(start, end, 8).map((each) => each.at);
    assert.ok(found.length <= 10);
    assert.ok(found.every((at, i) => at >= start && at <= end && (!i || at > found[i - 1])));
  }
});

test("a shortest path is found whatever the direction of its links", () => {
  const near = neighbourhoods(6, [0, 2, 2, 0, 3, 4], [1, 1, 3, 4, 4, 4]);
  assert.deepEqual(near[4].map(({ node }) => node), [0, 3]);
  assert.deepEqual(shortest(near, 1, 3), [1, 2, 3]);
  assert.deepEqual(shortest(near, 1, 4), [1, 0, 4]);
  assert.deepEqual(shortest(near, 2, 2), [2]);
  assert.equal(shortest(near, 0, 5), null);
});

test("scales hold their numbers between round bounds", () => {
  assert.deepEqual(rounded(3, 97), { low: 0, high: 100, step: 20 });
  assert.deepEqual(numberTicks(rounded(-0.2, 0.3)), [-0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  for (const [low, high] of [[5, 5], [0, 0], [-1e-9, 1e-9], [-3e12, 8e15]]) {
    const { axis, toY } = upright(low, high, 300, false);
    assert.ok(axis.low <= low && axis.high >= high && axis.step > 0);
    assert.ok(toY(high) >= -1e-6 && toY(low) <= 300 + 1e-6 && toY(low) >= toY(high));
  }
  const powers = upright(1, 1000, 300, true);
  assert.deepEqual([1, 10, 100, 1000].map((v) => Math.round(powers.toY(v))), [300, 203, 106, 9]);
});

const flat = (ring) => ring.map(([x, y]) => `${x} ${y}`);

test("a ring across the antimeridian is cut in two that end there", () => {
  const [west, east] = cut([[170, 0], [-170, 0], [-170, 10], [170, 10]]);
  for (const ring of [west, east]) assert.ok(ring.every(([x]) => Math.abs(x) >= 170 && Math.abs(x) <= 180));
  assert.ok(west.every(([x]) => x < 0) && east.every(([x]) => x > 0));
  assert.deepEqual([west.length, east.length], [4, 4]);
});

test("a ring elsewhere stays as it is", () => {
  const ring = [[1, 1], [5, 1], [5, 5]];
  assert.deepEqual(cut(ring).map(flat), [flat(ring)]);
});

test("a ring around a pole is closed along the edge of the map", () => {
  // around once from west to east, and back to where it began
  const found = cut([[-120, -70], [0, -70], [120, -70], [-120, -70]]);
  assert.ok(found.flat().some(([, y]) => y === -90));
  assert.ok(found.flat().every(([x]) => x >= -180 && x <= 180));
});

test("no border of the shipped world runs across the map", () => {
  const packed = readFileSync(new URL("../../src/huntkit/charts/assets/world.js.gz", import.meta.url));
  const { grid, shapes, codes } = JSON.parse(String(gunzipSync(packed)).slice("window.huntkit.world=".length, -1));
  assert.equal(shapes.length, codes.length);
  shapes.forEach((rings, at) => {
    for (const ring of rings) {
      for (let i = 2; i < ring.length; i += 2) {
        // Antarctica's own edge along the bottom of the map is meant to.
        if (codes[at] !== "AQ") assert.ok(Math.abs(ring[i]) < 45 * grid, `${codes[at]} ${ring[i] / grid}`);
      }
    }
  });
});

test("units packed into cells stay in them and apart", () => {
  const n = 600;
  const column = Uint16Array.from({ length: n }, (_, i) => i % 4);
  const row = Uint16Array.from({ length: n }, (_, i) => (i % 7 ? 0 : 1));
  const order = Array.from({ length: n }, (_, i) => i);
  const { x, y, side, counts } = packed(column, row, 4, 2, order, 2);
  assert.equal(counts.reduce((a, b) => a + b), n);
  const seen = new Set();
  for (let i = 0; i < n; i++) {
    assert.ok(Math.floor((x[i] - side / 2.1) * 4) === column[i] && Math.floor((x[i] + side / 2.1) * 4) === column[i]);
    assert.ok(Math.floor(y[i] * 2) === row[i] && y[i] + side <= (row[i] + 1) / 2 + 1e-6);
    seen.add(`${(x[i] / side).toFixed(2)} ${(y[i] / side).toFixed(2)}`);
  }
  assert.equal(seen.size, n);
});

test("bins hold every value once, the highest in the last", () => {
  assert.deepEqual([...binned([0, 1, 5, 9.99, 10], 0, 10, 5)], [0, 0, 2, 4, 4]);
  assert.deepEqual([...binned([3, 3], 3, 3, 5)], [0, 0]);
});

test("scattered units of one place are heaped, not hidden", () => {
  const { x, y } = scatter([0.5, 0.5, 0.5, 0.1], [0.5, 0.5, 0.5, 0.2], 0.01, [0.01, 0.01]);
  assert.equal(new Set(Array.from(x, (each, i) => `${each} ${y[i]}`)).size, 4);
  assert.ok(Math.abs(x[3] - 0.1) < 1e-6);
  const many = scatter(Array(2000).fill(0.5), Array(2000).fill(0.5), 0.01, [0.01, 0.02]);
  assert.ok(many.x.every((each) => Math.abs(each - 0.5) <= 0.0101));
  assert.ok(many.y.every((each) => Math.abs(each - 0.5) <= 0.0201));
});

test("what is laid over others is found, told, merged from afar, and left out of their counts", () => {
  const texts = JSON.stringify([{ name: "alert", values: ["a", "b", "c"], codes: [0, 0, 0] }]);
  const blobs = { overlay: Uint8Array.from([1, 2, 1]), overlay_texts: new TextEncoder().encode(texts) };
  const over = new Overlay({ name: "alerts", main: "events", count: 3, texts: 3 }, blobs); // 1, 3, 4
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((i) => over.has(i)), [false, true, false, true, true, false]);
  const [times, lanes] = over.without([0, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4]);
  assert.deepEqual([[...times], [...lanes]], [[0, 2, 5], [9, 7, 4]]);
  assert.deepEqual(over.told(4), [["alert", "c"]]);
  assert.deepEqual([[-1, 1], [1, 1], [4, 1], [4, -1], [1, -1], [6, -1]].map(([i, by]) => over.beside(i, by)), [1, 3, 1, 3, 4, 4]);
  over.place(0, 6, [0, 0, 0, 0, 0, 0], (i) => i, () => 5, 2);
  assert.deepEqual(over.marks.map(({ index, count }) => [index, count]), [[1, 1], [3, 2]]);
  over.place(2, 4, [0, 0, 0, 0, 0, 0], (i) => i, () => 5, 0);
  assert.deepEqual(over.at(3, 6).index, 3);
  assert.equal(over.at(30, 6), null);
});

test("latitudes are spread as Web Mercator does", () => {
  assert.ok(Math.abs(spread(85.0511287798) - 180) < 0.01);
  assert.ok(Math.abs(spread(0)) < 1e-9);
  assert.ok(Math.abs(spread(-60) + (Math.log(Math.tan((75 * Math.PI) / 180)) * 180) / Math.PI) < 1e-9);
  assert.ok(spread(90) < 181);
});

test("the tiles in view cover it, at the zoom where they are sharp", () => {
  const whole = inView({ k: 256 / 360, x: 128, y: 128 }, 256, 256, 19);
  assert.deepEqual(whole.map(({ z, column, row }) => [z, column, row]), [[0, 0, 0]]);
  const k = 1024 / 360; // the world is 1024 px wide, and its middle in view
  const near = inView({ k, x: 256, y: 256 }, 512, 512, 19);
  assert.deepEqual(near.map(({ z, column, row }) => `${z}/${column}/${row}`), ["2/1/1", "2/2/1", "2/1/2", "2/2/2"]);
  const { left, top, size } = near[0];
  assert.deepEqual([left, top, size].map(Math.round), [0, 0, 256]);
  assert.ok(inView({ k: 1e6, x: 0, y: 0 }, 500, 500, 4).every(({ z }) => z === 4));
  assert.ok(inView({ k: 1, x: -1e9, y: 5 }, 500, 500, 19).every(({ column }) => column >= 0 && column < 8));
});
