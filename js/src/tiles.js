// Pictures of the ground from a tile server, where the caller asked for them. The page's policy lets
// nothing but these through.
const TILE = 256; // px at which a tile is sharp
const KEPT = 300; // pictures
const POLE = 85.0511; // degrees; the square map ends here

// Degrees of latitude as Web Mercator spreads them, in degrees of longitude at the equator.
export function spread(lat) {
  const held = (Math.min(Math.max(lat, -POLE), POLE) * Math.PI) / 180;
  return (Math.log(Math.tan(Math.PI / 4 + held / 2)) * 180) / Math.PI;
}

// The tiles that a view needs: `k` px are a degree, `x` and `y` are where 0°, 0° stands.
export function inView({ k, x, y }, width, height, deepest) {
  const z = Math.min(Math.max(Math.ceil(Math.log2((360 * k) / TILE) - 0.4), 0), deepest);
  const many = 2 ** z;
  const size = (360 * k) / many;
  const [left, top] = [x - 180 * k, y - 180 * k];
  const held = (value) => Math.min(Math.max(value, 0), many - 1);
  const out = [];
  for (let row = held(Math.floor(-top / size)); row <= held(Math.ceil((height - top) / size) - 1); row++) {
    for (let column = held(Math.floor(-left / size)); column <= held(Math.ceil((width - left) / size) - 1); column++) {
      out.push({ z, column, row, left: left + column * size, top: top + row * size, size });
    }
  }
  return out;
}

export class TileLayer {
  constructor({ url, attribution, deepest }, came) {
    this.url = url;
    this.attribution = attribution;
    this.deepest = deepest;
    this.came = came;
    this.pictures = new Map();
  }

  paint(context, view, width, height) {
    for (const { z, column, row, left, top, size } of inView(view, width, height, this.deepest)) {
      const picture = this.picture(z, column, row);
      if (!picture.naturalWidth) continue;
      // A hair larger, so that no seams show between them.
      context.drawImage(picture, left, top, size + 0.5, size + 0.5);
    }
  }

  picture(z, column, row) {
    const key = `${z}/${column}/${row}`;
    let picture = this.pictures.get(key);
    if (!picture) {
      picture = new Image();
      picture.referrerPolicy = "no-referrer";
      picture.addEventListener("load", this.came);
      picture.src = this.url.replace("{z}", z).replace("{x}", column).replace("{y}", row);
      if (this.pictures.size >= KEPT) this.pictures.delete(this.pictures.keys().next().value);
      this.pictures.set(key, picture);
    }
    return picture;
  }
}
