// Paints units without a graphics card: 50,000 take about 10 ms.
import { between, shades } from "./camera.js";
import { rgb } from "./palette.js";
import { stamped, stampOf } from "./stamps.js";

export class CanvasPainter {
  constructor(groups, turns) {
    this.groups = groups;
    this.turns = turns;
    this.canvas = document.createElement("canvas");
  }

  // Units stand at `from` and go to `to`; a group in `hidden` is not painted.
  arrange(from, to, hidden) {
    Object.assign(this, { from, to, hidden });
  }

  // `share` is how far the way is gone, `ratio` pixels of the screen per CSS pixel; where `fine`,
  // four pixels are painted for each, which smooths edges when they are drawn together.
  paint({ view, share, colours, width, height, ratio: given, fine }) {
    const ratio = fine && given < 2 ? given * 2 : given;
    // A frame that is hidden at first has no width.
    this.room(Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio)));
    const at = between(this.from, this.to, share, this.turns);
    const scaled = { ...view, k: view.k * ratio, cx: view.cx * ratio, cy: view.cy * ratio };
    const inks = inksOf(colours, shades(view));
    stamped(this, at, scaled, stampOf(scaled, at.size), inks, this.groups, this.hidden);
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    return this.canvas;
  }

  room(wide, tall) {
    if (this.canvas.width !== wide || this.canvas.height !== tall || !this.image) {
      [this.canvas.width, this.canvas.height] = [wide, tall];
      this.image = new ImageData(wide, tall);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.depths = new Float32Array(wide * tall);
      [this.width, this.height] = [wide, tall];
    }
    this.pixels.fill(0);
    this.depths.fill(-Infinity);
  }
}

// The colour of each face of each group, as the pixels of a canvas hold it.
function inksOf(colours, bright) {
  const inks = new Uint32Array(colours.length * 3);
  const bytes = new Uint8Array(inks.buffer);
  colours.forEach((colour, group) => {
    for (let face = 0; face < 3; face++) {
      const start = (group * 3 + face) * 4;
      rgb(colour).forEach((part, at) => {
        bytes[start + at] = Math.round(part * bright[face]);
      });
      bytes[start + 3] = 255;
    }
  });
  return inks;
}
