// Where units (one cube a row) stand in space. Knows nothing of drawing: places are in pixels around
// the middle of a box [wide, tall, deep], x to the right, y up, z towards the viewer.

const GAP = 0.16; // of a cell, so that neighbours are told apart
const TURN = 2.39996; // a sunflower's

// Shares of a box become places in it. Names further up in the flat picture are further back.
export const alongX = (share, wide) => (share - 0.5) * wide;
export const alongZ = (share, deep) => (0.5 - share) * deep;

// Packs units into the cells of a grid, level by level from below; `order` says who comes first.
// `cell` is the size of a cell; what does not fit into its height makes all cubes smaller.
export function filled(cellOf, cells, order, cell) {
  const counts = new Uint32Array(cells);
  for (let i = 0; i < cellOf.length; i++) counts[cellOf[i]] += 1;
  const most = counts.reduce((top, n) => Math.max(top, n), 1);
  const [wide, tall, deep] = [cell[0] * (1 - GAP), cell[1], cell[2] * (1 - GAP)];
  const side = edge(wide, tall, deep, most);
  const across = Math.max(1, Math.floor(wide / side + 1e-9));
  const behind = Math.max(1, Math.floor(deep / side + 1e-9));
  const taken = new Uint32Array(cells);
  const size = cellOf.length;
  const [x, y, z] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  for (const i of order) {
    const nth = taken[cellOf[i]]++;
    const level = Math.floor(nth / (across * behind));
    const within = nth % (across * behind);
    x[i] = ((within % across) + 0.5 - across / 2) * side;
    z[i] = (Math.floor(within / across) + 0.5 - behind / 2) * side;
    y[i] = (level + 0.5) * side;
  }
  return { x, y, z, side, counts, levels: Math.ceil(most / (across * behind)), perLevel: across * behind };
}

// The longest edge of cubes of which `most` fit into a box.
function edge(wide, tall, deep, most) {
  const fits = (side) => Math.floor(wide / side + 1e-9) * Math.floor(deep / side + 1e-9) * Math.floor(tall / side + 1e-9) >= most;
  let best = 0;
  for (const length of [wide, tall, deep]) {
    // The edge that fills a length exactly; more than `most` beside one another are never needed.
    let [low, high] = [1, Math.min(most, 4096)];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(length / middle)) high = middle;
      else low = middle + 1;
    }
    if (fits(length / low)) best = Math.max(best, length / low);
  }
  return best || Math.cbrt((wide * tall * deep) / most) / 2;
}

// Stacks on the floor: columns by rows of cells, as high as they have units.
export function stacks(column, row, columns, rows, order, [wide, tall, deep]) {
  const cellOf = Uint32Array.from(column, (at, i) => row[i] * columns + at);
  const found = filled(cellOf, columns * rows, order, [wide / columns, tall, deep / rows]);
  for (let i = 0; i < column.length; i++) {
    found.x[i] += alongX((column[i] + 0.5) / columns, wide);
    found.z[i] += alongZ((row[i] + 0.5) / rows, deep);
    found.y[i] -= tall / 2;
  }
  return { ...found, size: cube(found.side) };
}

// Blocks: the cells of three columns, each filled from its floor.
export function blocks(column, level, row, [columns, levels, rows], order, [wide, tall, deep]) {
  const cellOf = Uint32Array.from(column, (at, i) => (level[i] * rows + row[i]) * columns + at);
  const cell = [wide / columns, (tall / levels) * (1 - GAP), deep / rows];
  const found = filled(cellOf, columns * rows * levels, order, cell);
  for (let i = 0; i < column.length; i++) {
    found.x[i] += alongX((column[i] + 0.5) / columns, wide);
    found.z[i] += alongZ((row[i] + 0.5) / rows, deep);
    found.y[i] += (level[i] / levels - 0.5) * tall;
  }
  return { ...found, size: cube(found.side) };
}

const cube = (side) => [side * 0.9, side * 0.9, side * 0.9];

// Scatter in space: at their own values (shares of the axes); units of one place are heaped around
// it, no further away than the reach, for what strays further would tell another value.
export function space(xs, ys, zs, side, reach, [wide, tall, deep]) {
  const size = xs.length;
  const [x, y, z] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  const heaps = new Map();
  const within = (by, most) => Math.max(-most, Math.min(by, most));
  for (let i = 0; i < size; i++) {
    [x[i], y[i], z[i]] = [alongX(xs[i], wide), alongX(ys[i], tall), alongZ(zs[i], deep)];
    const key = `${Math.round(x[i] / side)} ${Math.round(y[i] / side)} ${Math.round(z[i] / side)}`;
    const nth = heaps.get(key) ?? 0;
    heaps.set(key, nth + 1);
    if (!nth) continue;
    const away = side * 0.75 * Math.cbrt(nth);
    const lift = 1 - 2 * ((nth * 0.618034) % 1); // even heights give a ball without poles
    const flat = Math.sqrt(1 - lift * lift);
    x[i] += within(away * flat * Math.cos(nth * TURN), reach[0] * wide);
    y[i] += within(away * lift, reach[1] * tall);
    z[i] += within(away * flat * Math.sin(nth * TURN), reach[2] * deep);
  }
  return { x, y, z, size: [side, side, side] };
}
