// Neighbours and shortest paths. Knows nothing of drawing.

// For each node its neighbours, each with the number of a link between them.
export function neighbourhoods(size, source, target) {
  const near = Array.from({ length: size }, () => new Map());
  source.forEach((a, link) => {
    const b = target[link];
    if (a === b) return;
    if (!near[a].has(b)) near[a].set(b, link);
    if (!near[b].has(a)) near[b].set(a, link);
  });
  return near.map((each) => Array.from(each, ([node, link]) => ({ node, link })));
}

// The nodes of a shortest path, both ends included, whatever the links' direction; null if none.
export function shortest(near, from, to) {
  const before = new Int32Array(near.length).fill(-1);
  before[from] = from;
  const queue = [from];
  for (let at = 0; at < queue.length && before[to] < 0; at++) {
    for (const { node } of near[queue[at]]) {
      if (before[node] >= 0) continue;
      before[node] = queue[at];
      queue.push(node);
    }
  }
  if (before[to] < 0) return null;
  const path = [to];
  while (path[path.length - 1] !== from) path.push(before[path[path.length - 1]]);
  return path.reverse();
}
