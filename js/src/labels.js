// Texts on canvas: how wide they are, and cut to fit.

// The text, cut with an ellipsis so that it is not wider than `room`.
export function clipped(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let low = 0;
  let high = Math.min(text.length, 400);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}

// How wide the widest text is, up to `most` pixels.
export function widest(texts, most) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = "12px sans-serif";
  let wide = 0;
  for (const text of texts) wide = Math.max(wide, context.measureText(text.slice(0, 200)).width);
  return Math.ceil(Math.min(wide, most));
}
