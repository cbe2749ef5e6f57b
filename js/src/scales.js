// From numbers to places and back, and how numbers are written. Knows nothing of drawing.

// Round bounds around low..high and the step between ticks, about `wanted` of them.
export function rounded(low, high, wanted = 5) {
  if (!(high > low)) {
    const around = Math.abs(low) * 0.1 || 1;
    return rounded(low - around, low + around, wanted);
  }
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((each) => each * power >= raw) * power;
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step, step };
}

export function ticks({ low, high, step }) {
  const out = [];
  for (let i = Math.round(low / step); i * step <= high + step / 1e6; i++) out.push(+(i * step).toPrecision(12));
  return out;
}

const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 });
const EXACT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 15 });

// For ticks: 1.2K, 3M; very small numbers by their power.
export function short(n) {
  const size = Math.abs(n);
  if (size && (size < 0.001 || size >= 1e15)) return n.toExponential(1);
  return size < 1 ? String(+n.toPrecision(3)) : COMPACT.format(n);
}

export function exact(n) {
  const size = Math.abs(n);
  return size && (size < 1e-6 || size >= 1e21) ? n.toExponential() : EXACT.format(n);
}

const AIR = 0.03; // above the highest round number, so that marks there are seen whole

// Upright places for values from `low` to `high`; by powers of ten if `log`, for values above 0.
export function upright(low, high, height, log) {
  const found = log ? powers(low, high) : rounded(low, high, Math.max(2, Math.round(height / 60)));
  const top = found.high + (found.high - found.low) * AIR;
  const place = (at) => height * (1 - (at - found.low) / (top - found.low));
  return {
    axis: { ...found, high: top },
    label: log ? (at) => short(10 ** at) : short,
    toY: log ? (v) => place(Math.log10(v)) : place,
  };
}

function powers(low, high) {
  const bottom = Math.floor(Math.log10(low));
  const top = Math.max(Math.ceil(Math.log10(high)), bottom + 1);
  return { low: bottom, high: top, step: Math.max(1, Math.ceil((top - bottom) / 8)) };
}
