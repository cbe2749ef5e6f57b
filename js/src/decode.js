// From the page's base64 to typed arrays.
export async function inflate(base64, format = "deflate") {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export const text = (bytes) => new TextDecoder().decode(bytes);

// Running sums of non-negative integers stored as byte planes, lowest byte first.
export function sums(bytes, count, first, unit) {
  const planes = count ? bytes.length / count : 0;
  const out = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    let delta = 0;
    let scale = 1;
    for (let p = 0; p < planes; p++, scale *= 256) delta += bytes[p * count + i] * scale;
    total += delta;
    out[i] = first + total * unit;
  }
  return out;
}

// A column stored as its distinct values in order of appearance and a code per row: 0 is the next
// value not seen yet, n + 1 is value n again. Here the codes become positions.
export function column({ values, codes, ...rest }) {
  let seen = 0;
  return { ...rest, values, codes: codes.map((code) => (code ? code - 1 : seen++)) };
}

export const lookUp = (from, row) => from.values[from.codes[row]];

// Numbers as `stream.numbers` in Python writes them: integers above a base, or planes of floats.
export function numbers(bytes, count, { base, scale, float }) {
  const out = new Float64Array(count);
  const planes = count ? bytes.length / count : 0;
  if (float) {
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < float; p++) view.setUint8(p, bytes[p * count + i]);
      out[i] = float === 8 ? view.getFloat64(0, true) : view.getFloat32(0, true);
    }
    return out;
  }
  for (let i = 0; i < count; i++) {
    let above = 0;
    let unit = 1;
    for (let p = 0; p < planes; p++, unit *= 256) above += bytes[p * count + i] * unit;
    out[i] = (base + above) / scale;
  }
  return out;
}
