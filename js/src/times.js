// Times are milliseconds since 1970 in UTC, with fractions; they are only ever shown in UTC.
const two = (n) => String(n).padStart(2, "0");

export function day(ms) {
  const d = new Date(ms);
  const year = d.getUTCFullYear();
  return `${String(year).padStart(4, "0")}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

export function clock(ms, unitMs) {
  const d = new Date(ms);
  const base = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
  if (unitMs >= 60000) return base;
  const seconds = `${base}:${two(d.getUTCSeconds())}`;
  if (unitMs >= 1000) return seconds;
  const milli = String(d.getUTCMilliseconds()).padStart(3, "0");
  if (unitMs >= 1) return `${seconds}.${milli}`;
  const micro = Math.round((ms - Math.floor(ms)) * 1000);
  return `${seconds}.${milli}${String(Math.min(micro, 999)).padStart(3, "0")}`;
}

export const stamp = (ms, unitMs) => `${day(ms)} ${clock(ms, unitMs)}`;

const DAY = 86400000;
const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500,
  1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000, 900000, 1800000, 3600000,
  7200000, 10800000, 21600000, 43200000, DAY, 2 * DAY, 7 * DAY,
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12000];

// At most about `wanted` even moments from start to end, with their labels: as fine as the steps
// between them, and the date where a day begins.
export function ticks(start, end, wanted) {
  const least = (end - start) / Math.max(wanted, 1);
  const step = STEPS.find((each) => each >= least);
  if (step === undefined) return monthly(start, end, least / (30.4 * DAY));
  const out = [];
  for (let i = Math.ceil(start / step); i * step <= end && out.length < 500; i++) {
    const at = +(i * step).toFixed(3);
    const label = at % DAY === 0 ? day(at) : clock(at, step < 1 ? 0.001 : step < 1000 ? 1 : step < 60000 ? 1000 : 60000);
    out.push({ at, label });
  }
  return out;
}

function monthly(start, end, least) {
  const step = MONTHS.find((each) => each >= least) ?? MONTHS[MONTHS.length - 1];
  const from = new Date(start);
  let month = Math.floor((from.getUTCFullYear() * 12 + from.getUTCMonth()) / step) * step;
  const out = [];
  for (; out.length < 500; month += step) {
    const moment = new Date(0); // Date.UTC reads the years 0 to 99 as 1900 to 1999
    moment.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
    const at = moment.getTime();
    if (!(at <= end)) break;
    if (at >= start) out.push({ at, label: day(at).slice(0, step % 12 ? 7 : 4) });
  }
  return out;
}

export function duration(ms) {
  if (ms < 1) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120000) return `${+(ms / 1000).toPrecision(3)} s`;
  if (ms < 7200000) return `${+(ms / 60000).toPrecision(3)} min`;
  if (ms < 172800000) return `${+(ms / 3600000).toPrecision(3)} h`;
  return `${+(ms / 86400000).toPrecision(3)} d`;
}

export const count = (n) => n.toLocaleString("en-US");
