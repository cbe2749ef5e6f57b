// Events laid over the others of a timeline. Knows nothing of drawing.
import { lowerBound } from "./bins.js";
import { column, lookUp, sums, text } from "./decode.js";

export class Overlay {
  constructor({ name, main, count, texts }, blobs) {
    this.names = [main, name];
    this.indexes = sums(blobs.overlay, count, 0, 1); // among all events, ascending
    this.texts = JSON.parse(text(blobs.overlay_texts)).map(column);
    this.told_of = texts;
    this.marks = [];
  }

  groups(others) {
    const [main, name] = this.names;
    return [{ name: main, glyph: "●", count: others }, { name, glyph: "◆", count: this.indexes.length }];
  }

  has(index) {
    return this.indexes[lowerBound(this.indexes, index)] === index;
  }

  // Times and lanes of all the others.
  without(times, lanes) {
    const kept = new Float64Array(times.length - this.indexes.length);
    const own = new Uint8Array(kept.length);
    let next = 0;
    let at = 0;
    for (let i = 0; i < times.length; i++) {
      if (this.indexes[next] === i) next += 1;
      else {
        kept[at] = times[i];
        own[at++] = lanes[i];
      }
    }
    return [kept, own];
  }

  // Finds the marks of events `from` to `to`; those of a lane nearer than `apart` are one.
  place(from, to, lanes, toX, toY, apart) {
    this.marks = [];
    const last = new Map();
    for (let nth = lowerBound(this.indexes, from); nth < this.indexes.length && this.indexes[nth] < to; nth++) {
      const index = this.indexes[nth];
      const x = toX(index);
      const before = last.get(lanes[index]);
      if (before && x - before.x < apart) before.count += 1;
      else {
        const mark = { index, x, y: toY(index), count: 1 };
        last.set(lanes[index], mark);
        this.marks.push(mark);
      }
    }
  }

  at(x, y) {
    let best = null;
    let nearest = 81;
    for (const mark of this.marks) {
      const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
      if (distance < nearest) [best, nearest] = [mark, distance];
    }
    return best;
  }

  // What its texts say of an event.
  told(index) {
    const row = lowerBound(this.indexes, index);
    return row < this.told_of ? this.texts.map((each) => [each.name, lookUp(each, row)]) : [];
  }

  // The next of them after an event (by 1), or before it (by -1); round at the ends.
  beside(index, by) {
    const { indexes } = this;
    const at = lowerBound(indexes, by > 0 ? index + 1 : index) - (by > 0 ? 0 : 1);
    return indexes[(at + indexes.length) % indexes.length];
  }
}
