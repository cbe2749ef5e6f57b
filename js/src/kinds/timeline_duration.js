// Spans of time in lanes: what began when, how long it took, what ran beside it.
import { column, lookUp, numbers, sums, text } from "../decode.js";
import { make } from "../dom.js";
import { clipped, widest } from "../labels.js";
import { TimeStage } from "../timestage.js";
import { count, duration, stamp } from "../times.js";

const TALLEST = 620; // CSS pixels, unless the caller says otherwise, or bars would be too thin
const PAD = 3;

class TimelineDuration extends TimeStage {
  constructor(plot, spec, blobs) {
    const unit = spec.unit_us / 1000;
    const starts = sums(blobs.deltas, spec.events, spec.first_us / 1000, unit);
    const lengths = numbers(blobs.lengths, spec.events, spec.lengths);
    const ends = starts.map((start, i) => start + lengths[i] / 1000);
    super(plot, spec, starts, unit, ends.reduce((most, end) => Math.max(most, end), -Infinity));
    this.ends = ends;
    this.lanes = blobs.lanes;
    this.tracks = blobs.tracks;
    this.open = blobs.open;
    this.counts = blobs.counts ? numbers(blobs.counts, spec.events, spec.counts) : null;
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.build("timeline of durations", this.layOut());
  }

  // Each lane is as tall as it has tracks; the bars share the room there is.
  layOut() {
    const tracks = this.spec.lanes.reduce((sum, lane) => sum + lane.tracks, 0);
    const room = (this.spec.plot_height ?? TALLEST) - 2 * PAD * this.spec.lanes.length;
    this.bar = Math.max(9, Math.min(24, Math.floor(room / tracks)));
    const least = this.spec.lanes.length > 45 ? 13 : 16; // so that every lane has a readable name
    let top = 0;
    this.boxes = this.spec.lanes.map((lane) => {
      const height = Math.max(lane.tracks * this.bar + 2 * PAD, least);
      const box = { top, height, first: top + (height - lane.tracks * this.bar) / 2 };
      top += height;
      return box;
    });
    return top;
  }

  left() {
    this.nameWidth ??= widest(this.spec.lanes.map((lane) => lane.name), 260);
    return Math.ceil(Math.min(this.nameWidth, this.host.clientWidth * 0.28)) + 18;
  }

  upright(left) {
    const centres = this.boxes.map((box) => box.top + box.height / 2);
    const nameAt = (at) => {
      const lane = centres.findIndex((centre) => Math.abs(centre - at) < 0.01);
      return this.spec.lanes[lane]?.name ?? "";
    };
    return {
      type: "value", inverse: true, min: 0, max: this.height,
      axisLine: { show: true, lineStyle: { color: this.colours.line } },
      axisTick: { show: false },
      axisLabel: {
        customValues: centres, formatter: nameAt, color: this.colours.text, fontSize: 12,
        width: left - 14, overflow: "truncate",
      },
      splitLine: { show: false },
    };
  }

  colour(lane) {
    if (this.spec.lanes[lane].rest) return this.colours.faint;
    return this.colours.series[lane % this.colours.series.length];
  }

  visible(i) {
    return this.ends[i] >= this.view[0];
  }

  inView() {
    let n = 0;
    for (let i = 0; i < this.to; i++) if (this.visible(i)) n += 1;
    return n;
  }

  barOf(i) {
    const lane = this.lanes[i];
    const x = this.toX(this.times[i]);
    const right = this.toX(this.ends[i]);
    const y = this.boxes[lane].first + this.tracks[i] * this.bar;
    return { x, y, width: Math.max(right - x, 2), height: this.bar - 1 };
  }

  paint(context, ratio) {
    context.scale(ratio, ratio);
    const { width } = this.area;
    this.boxes.forEach((box, lane) => {
      if (lane % 2) {
        context.fillStyle = this.colours.band;
        context.fillRect(0, box.top, width, box.height);
      }
      const { first_us: first, last_us: last } = this.spec.lanes[lane];
      const x = this.toX(first / 1000);
      context.fillStyle = this.colour(lane);
      context.globalAlpha = 0.2;
      const middle = box.top + box.height / 2;
      const wide = Math.max(this.toX(last / 1000) - x, 1);
      if (this.spec.moments) context.fillRect(x, box.first, wide, box.height - 2 * (box.first - box.top));
      else if (this.spec.lanes[lane].tracks === 1) context.fillRect(x, middle - 0.75, wide, 1.5);
      context.globalAlpha = 1;
    });
    context.font = "11px sans-serif";
    context.textBaseline = "middle";
    for (let i = 0; i < this.to; i++) if (this.visible(i)) this.paintBar(context, i);
  }

  paintBar(context, i) {
    const { x, y, width, height } = this.barOf(i);
    const left = Math.max(x, -4);
    const wide = Math.min(x + width, this.area.width + 4) - left;
    context.fillStyle = this.colour(this.lanes[i]);
    context.globalAlpha = wide > 3 ? 0.8 : 0.95;
    context.fillRect(left, y, wide, height);
    context.globalAlpha = 1;
    if (this.open[i]) this.paintOpenEnd(context, x + width, y, height);
    if (wide > 3) {
      context.strokeStyle = this.colours.ground;
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, y + 0.5, wide - 1, height - 1);
    }
    if (wide < 46 || height < 12) return;
    context.fillStyle = this.colours.ground;
    context.fillText(clipped(context, this.said(i), wide - 10), left + 6, y + height / 2 + 0.5);
  }

  // Nobody saw it end: the bar's end is torn.
  paintOpenEnd(context, x, y, height) {
    context.fillStyle = this.colours.ground;
    for (let at = 0; at < height; at += 4) {
      context.beginPath();
      context.moveTo(x + 1, y + at);
      context.lineTo(x - 4, y + at + 2);
      context.lineTo(x + 1, y + at + 4);
      context.fill();
    }
  }

  said(i) {
    if (this.counts && this.counts[i] > 1) return `${count(this.counts[i])} spans`;
    return duration(this.ends[i] - this.times[i]);
  }

  how() {
    const bars = this.spec.moments ? "each mark is one event" : "each bar is one span";
    return this.counts ? "bars that nearly touch are drawn as one" : bars;
  }

  markAt(x, y) {
    const [px, py] = [x - this.area.x, y - this.area.y];
    let found = -1;
    let narrowest = Infinity;
    for (let i = 0; i < this.to; i++) {
      if (!this.visible(i)) continue;
      const bar = this.barOf(i);
      const near = py >= bar.y - 1 && py <= bar.y + bar.height + 1 &&
        px >= bar.x - 3 && px <= bar.x + bar.width + 3;
      if (near && bar.width <= narrowest) [found, narrowest] = [i, bar.width];
    }
    return found;
  }

  told(x, y) {
    if (!this.inArea(x, y)) return null;
    const at = this.markAt(x, y);
    return at < 0 ? null : this.describe(at);
  }

  describe(index) {
    const lane = this.spec.lanes[this.lanes[index]];
    const [start, end] = [this.times[index], this.ends[index]];
    const pairs = [[this.spec.lane_title, lane.name], [`start (${this.spec.zone})`, stamp(start, this.unit)]];
    if (!this.spec.moments) {
      const until = stamp(end, this.unit);
      pairs.push([`end (${this.spec.zone})`, this.open[index] ? "not seen" : until]);
      if (!this.open[index]) pairs.push(["lasted", end > start ? duration(end - start) : "0 s"]);
    }
    if (this.counts) pairs.push(["spans", count(this.counts[index])]);
    if (index < this.spec.texts) {
      for (const each of this.texts) {
        if (each.name !== this.spec.lane_title || lane.rest) pairs.push([each.name, lookUp(each, index)]);
      }
    }
    if (!this.counts) pairs.push(["row", count(index)]);
    return pairs;
  }

  placeOf(index) {
    const bar = this.barOf(index);
    const left = Math.max(bar.x, 0);
    const right = Math.min(bar.x + bar.width, this.area.width);
    if (right < left) return null;
    const middle = bar.y + bar.height / 2;
    return { x: this.area.x + (left + right) / 2, y: this.area.y + middle };
  }
}

window.huntkit.register("timeline_duration", (figure, plot, spec, blobs) => {
  if (spec.events) return new TimelineDuration(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
