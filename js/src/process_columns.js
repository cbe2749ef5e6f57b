// The columns of a process tree, as the page looks them up. Knows nothing of drawing.
import { column } from "./decode.js";

export const TEXTS = ["process", "user", "host", "pid", "command", "colour", "mark"];
const COLOURED = 6; // values with a colour of their own

// The most frequent values' codes, and the colour of each.
export function ranked({ codes }) {
  const counts = new Map();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const order = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return new Map(order.slice(0, COLOURED).map(([code], rank) => [code, rank]));
}

// Accounts without domain and hosts without theirs, where that leaves no two of them alike.
function shortened(values, cut) {
  const short = values.map(cut);
  return new Set(short).size === values.length ? short : values;
}

const account = (value) => /[^\\]*$/.exec(value)[0] || value;
const label = (value) => (/^[\d.:]*$/.test(value) ? value : value.split(".")[0] || value);

export function unpacked(data) {
  for (const id of TEXTS) if (data[id]) data[id] = column(data[id]);
  data.details = data.details.map(column);
  data.short = {};
  if (data.user) data.short.user = shortened(data.user.values, account);
  if (data.host) data.short.host = shortened(data.host.values, label);
  // The name is the path's last part; the path itself is among the details.
  const { values, codes } = data.process;
  data.name = { codes, values: values.map((path) => /[^\\/]*(?=[\\/]*$)/.exec(path)[0] || "(no name)") };
  return data;
}
