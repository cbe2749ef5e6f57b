// Columns as axes of units: their range, their bins, and how their places are called.
import { exact, rounded, short, ticks } from "./scales.js";
import { stamp, ticks as timeTicks } from "./times.js";

const BINS = 24;

export function unitAxis({ name, names, time }, values) {
  if (names) {
    const bins = names.length;
    return { name, title: name, names, values, bins, low: -0.5, high: bins - 0.5, say: (v) => names[v], binSaid: (at) => names[at] };
  }
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!(high > low)) [low, high] = [low - 1, high + 1];
  const step = (high - low) / BINS;
  const brief = time ? (v) => stamp(v, 60000).slice(5) : short;
  return {
    name, title: time ? `${name} (UTC)` : name, time, values, bins: BINS, low, high,
    say: time ? (v) => `${stamp(v, 1000)} UTC` : exact,
    binSaid: (at) => brief(low + at * step),
  };
}

export const shares = ({ values, low, high }) => Float32Array.from(values, (v) => (v - low) / (high - low));

// Labels for an axis in bins: names in the middle of their places, lines between them; else each
// bin's lower end.
export function binTicks(axis) {
  const middle = axis.names ? 0.5 : 0;
  return Array.from({ length: axis.bins }, (_, at) => ({
    at: (at + middle) / axis.bins, under: at / axis.bins, label: axis.binSaid(at),
  }));
}

// Labels for the values from share `from` to share `to` of an axis.
export function valueTicks(axis, wanted, from = 0, to = 1) {
  if (axis.names) return binTicks(axis);
  const range = axis.high - axis.low;
  const [low, high] = [axis.low + Math.max(0, from) * range, axis.low + Math.min(1, to) * range];
  if (!(high > low)) return [];
  const found = axis.time
    ? timeTicks(low, high, wanted)
    : ticks(rounded(low, high, wanted)).map((at) => ({ at, label: short(at) }));
  return found
    .map(({ at, label }) => ({ at: (at - axis.low) / range, label }))
    .filter(({ at }) => at >= Math.max(0, from) && at <= Math.min(1, to));
}

// Labels for heights of stacks: how many units, at whole levels.
export function heightTicks(levels, perLevel, side, tall) {
  const most = (tall / side) * perLevel;
  return ticks(rounded(0, Math.max(1, Math.min(levels * perLevel, most)), 4))
    .filter((n) => n <= most * 1.001)
    .map((n) => ({ at: ((n / perLevel) * side) / tall, label: short(n) }));
}
