// Counting and placing events for the part of the timeline in view. Knows nothing of drawing.

// The first index from `low` whose value is not below `value`, in a sorted array; else `high`.
export function lowerBound(sorted, value, low = 0, high = sorted.length) {
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

// The times of each lane, in order: `of` holds lane after lane, which begin at `starts`.
export function byLane(times, lanes, laneCount) {
  const starts = new Uint32Array(laneCount + 1);
  for (let i = 0; i < lanes.length; i++) starts[lanes[i] + 1] += 1;
  for (let lane = 0; lane < laneCount; lane++) starts[lane + 1] += starts[lane];
  const next = starts.slice();
  const of = new Float64Array(times.length);
  for (let i = 0; i < times.length; i++) of[next[lanes[i]]++] = times[i];
  return { of, starts };
}

// Events per lane and column from `start` to `end`, which the last column includes, as `density`
// counts them; but the work grows with the columns, not with the events: each column's end is
// looked up in the lane's times.
export function laneDensity({ of, starts }, start, end, columns, unit) {
  const laneCount = starts.length - 1;
  const counts = new Uint32Array(laneCount * columns);
  const wide = (end - start) / columns;
  let most = 0;
  for (let lane = 0; lane < laneCount; lane++) {
    const stop = lowerBound(of, end + unit / 1000, starts[lane], starts[lane + 1]);
    let at = lowerBound(of, start, starts[lane], stop);
    let guess = 16;
    for (let column = 0; column < columns && at < stop; column++) {
      // Columns are much alike, so what the last one held tells how far to look.
      const edge = start + (column + 1) * wide;
      let high = stop;
      if (column < columns - 1) {
        let low = at;
        for (high = Math.min(at + guess, stop); high < stop && of[high - 1] < edge; ) {
          low = high;
          high = Math.min(high + guess, stop);
          guess *= 2;
        }
        high = lowerBound(of, edge, low, high);
      }
      const n = high - at;
      guess = (n >> 1) + 8;
      counts[lane * columns + column] = n;
      if (n > most) most = n;
      at = high;
    }
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
