// Counting and placing events for the part of the timeline in view. Knows nothing of drawing.

// The first index whose value is not below `value`, in a sorted array.
export function lowerBound(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Events per lane and column: counts[lane * columns + column], and the largest of them. Without
// `lanes` all are in one.
export function density(times, lanes, from, to, start, end, laneCount, columns) {
  const counts = new Uint32Array(laneCount * columns);
  const scale = columns / (end - start);
  let most = 0;
  for (let i = from; i < to; i++) {
    let column = ((times[i] - start) * scale) | 0;
    if (column >= columns) column = columns - 1;
    const cell = (lanes ? lanes[i] * columns : 0) + column;
    if (++counts[cell] > most) most = counts[cell];
  }
  return { counts, most };
}

// One place per event: simultaneous events of a lane are spread above and below its middle.
export function places(times, lanes, from, to, toX, laneHeight, radius) {
  const size = to - from;
  const x = new Float32Array(size);
  const y = new Float32Array(size);
  const rows = Math.max(1, Math.floor((laneHeight - 4) / (2 * radius + 1)));
  const taken = new Map();
  for (let i = 0; i < size; i++) {
    const lane = lanes[from + i];
    x[i] = toX(times[from + i]);
    const key = lane * 65536 + Math.round(x[i] / (2 * radius));
    const nth = taken.get(key) || 0;
    taken.set(key, nth + 1);
    const row = nth % rows;
    const step = (row % 2 ? 1 : -1) * Math.ceil(row / 2);
    y[i] = (lane + 0.5) * laneHeight + step * (2 * radius + 1);
  }
  return { x, y };
}
