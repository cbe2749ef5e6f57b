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

// A tick's label: as fine as its neighbours need, and the date where a day begins.
export function tick(ms, span) {
  if (ms % 86400000 === 0) return day(ms);
  if (span < 8000) return clock(ms, 1);
  return clock(ms, span < 600000 ? 1000 : 60000);
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
