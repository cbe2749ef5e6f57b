// A forest given as depths in pre-order, and the lists of rows to show. Knows nothing of drawing.

export function forest(depths) {
  const parent = new Int32Array(depths.length);
  const descendants = new Uint32Array(depths.length);
  const trail = [];
  for (let i = 0; i < depths.length; i++) {
    trail.length = depths[i];
    parent[i] = depths[i] ? trail[depths[i] - 1] : -1;
    trail.push(i);
  }
  for (let i = depths.length - 1; i >= 0; i--) {
    if (parent[i] >= 0) descendants[parent[i]] += descendants[i] + 1;
  }
  return { depths, parent, descendants };
}

// Pre-order with each node's children sorted by `score`, highest first; ties keep their order.
export function orderBy(tree, score) {
  const children = new Map([[-1, []]]);
  tree.parent.forEach((p, i) => {
    if (!children.has(p)) children.set(p, []);
    children.get(p).push(i);
  });
  for (const list of children.values()) list.sort((a, b) => score[b] - score[a] || a - b);
  const order = [];
  const stack = children.get(-1).slice().reverse();
  while (stack.length) {
    const node = stack.pop();
    order.push(node);
    const below = children.get(node);
    if (below) for (let i = below.length - 1; i >= 0; i--) stack.push(below[i]);
  }
  return order;
}

// How rare each node's branch is: its rarest node decides, then how much that is rare it holds.
export function branchRarity(tree, values) {
  const most = Float64Array.from(values);
  const sum = Float64Array.from(values, (value) => Math.max(value, 0) ** 2);
  for (let i = most.length - 1; i >= 0; i--) {
    const p = tree.parent[i];
    if (p < 0) continue;
    if (most[i] > most[p]) most[p] = most[i];
    sum[p] += sum[i];
  }
  return most.map((value, i) => value * 1e9 + sum[i]);
}

// How far in front each node's branch stands: its foremost node decides.
export function branchPlace(tree, places) {
  const least = Float64Array.from(places);
  for (let i = least.length - 1; i >= 0; i--) {
    const p = tree.parent[i];
    if (p >= 0 && least[i] < least[p]) least[p] = least[i];
  }
  return least.map((place) => -place);
}

// Rows on show: everything whose ancestors are all open.
export function unfolded(tree, order, open) {
  const rows = [];
  for (let at = 0; at < order.length; at++) {
    const node = order[at];
    rows.push(node);
    if (!open[node]) at += tree.descendants[node];
  }
  return rows;
}

// Rows on show while searching: the hits and the way to them.
export function searched(tree, order, hits) {
  const keep = new Uint8Array(tree.depths.length);
  for (const hit of hits) {
    for (let node = hit; node >= 0 && !keep[node]; node = tree.parent[node]) keep[node] = 1;
  }
  return order.filter((node) => keep[node]);
}
