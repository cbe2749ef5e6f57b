// Marks that differ in shape as well as in colour.
const GLYPHS = ["●", "▲", "■", "◆", "▼", "○", "△"];

export const glyph = (nth) => GLYPHS[nth % GLYPHS.length];

export function mark(context, nth, x, y, radius, colour) {
  const kind = nth % GLYPHS.length;
  const r = kind === 2 ? radius * 0.88 : radius * 1.15;
  context.beginPath();
  if (kind === 0 || kind === 5) context.arc(x, y, radius, 0, 7);
  else if (kind === 2) context.rect(x - r, y - r, 2 * r, 2 * r);
  else if (kind === 3) outline(context, [[x, y - r], [x + r, y], [x, y + r], [x - r, y]]);
  else if (kind === 4) outline(context, [[x - r, y - r * 0.8], [x + r, y - r * 0.8], [x, y + r]]);
  else outline(context, [[x - r, y + r * 0.8], [x + r, y + r * 0.8], [x, y - r]]);
  if (kind < 5) {
    context.globalAlpha = 0.65;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }
  context.strokeStyle = colour;
  context.lineWidth = kind < 5 ? 1 : 1.5;
  context.stroke();
}

function outline(context, points) {
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}
