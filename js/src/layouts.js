// Where units (one square a row) stand in each layout. Knows nothing of drawing: all places and
// sizes are shares of the plot, x to the right and y upwards.

// Scatter: at its own values; units of one place are heaped around it, no further away than the
// reach, for what strays further would tell another value.
export function scatter(xs, ys, size, [reachX, reachY]) {
  const [x, y] = [new Float32Array(xs), new Float32Array(ys)];
  const heaps = new Map();
  for (let i = 0; i < x.length; i++) {
    const key = `${Math.round(x[i] / size)} ${Math.round(y[i] / size)}`;
    const nth = heaps.get(key) ?? 0;
    heaps.set(key, nth + 1);
    if (!nth) continue;
    const turn = nth * 2.39996; // a sunflower
    const away = Math.min(size * 0.62 * Math.sqrt(nth), 1);
    const within = (by, reach) => Math.max(-reach, Math.min(by, reach));
    x[i] = Math.min(Math.max(x[i] + within(away * Math.cos(turn), reachX), 0), 1);
    y[i] = Math.min(Math.max(y[i] + within(away * Math.sin(turn), reachY), 0), 1);
  }
  return { x, y, side: size };
}

// Packs units into cells, row by row from the bottom; `order` says who comes first in a cell.
export function packed(column, row, columns, rows, order, aspect, gap = 0.14) {
  const counts = new Uint32Array(columns * rows);
  for (let i = 0; i < column.length; i++) counts[row[i] * columns + column[i]] += 1;
  const most = counts.reduce((top, n) => Math.max(top, n), 1);
  const [wide, tall] = [(1 - gap) / columns, (1 - (rows > 1 ? gap : 0.02)) / rows];
  // As many units beside one another as make the fullest cell just full; `aspect` is width / height.
  const across = Math.max(1, Math.ceil(Math.sqrt((most * wide * aspect) / tall)));
  const side = Math.min(wide / across, tall / Math.ceil(most / across) / aspect);
  const x = new Float32Array(column.length);
  const y = new Float32Array(column.length);
  const taken = new Uint32Array(columns * rows);
  for (const i of order) {
    const cell = row[i] * columns + column[i];
    const nth = taken[cell]++;
    x[i] = (column[i] + 0.5) / columns - (across * side) / 2 + ((nth % across) + 0.5) * side;
    y[i] = (row[i] + 0.01) / rows + (Math.floor(nth / across) + 0.5) * side * aspect;
  }
  return { x, y, side, counts, across, levels: Math.ceil(most / across), rise: side * aspect };
}

// Each value's bin among `bins` even ones from low to high; places of names are bins already.
export function binned(values, low, high, bins) {
  const out = new Uint16Array(values.length);
  const scale = high > low ? bins / (high - low) : 0;
  for (let i = 0; i < values.length; i++) out[i] = Math.min(bins - 1, Math.floor((values[i] - low) * scale));
  return out;
}
