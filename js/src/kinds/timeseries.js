// A series with what was expected of it: baseline, band, and the points that left it.
import { column, lookUp, numbers, sums, text } from "../decode.js";
import { make } from "../dom.js";
import { Legend } from "../legend.js";
import { exact, upright } from "../scales.js";
import { TimeStage } from "../timestage.js";
import { count, stamp } from "../times.js";

const HEIGHT = 360; // CSS pixels, unless the caller says otherwise

class Timeseries extends TimeStage {
  constructor(plot, spec, blobs) {
    const unit = spec.unit_us / 1000;
    super(plot, spec, sums(blobs.deltas, spec.events, spec.first_us / 1000, unit), unit);
    this.tall = spec.plot_height ?? HEIGHT;
    this.parts = {};
    for (const [name, form] of Object.entries(spec.numbers)) {
      this.parts[name] = numbers(blobs[name], spec.events, form);
    }
    this.known = blobs.known; // bit 0: baseline, 1: band, 2: score
    this.anomalies = Array.from(blobs.anomalies, (code) => [0, 1, -1][code]);
    this.odd = this.anomalies.flatMap((sign, i) => (sign ? [i] : []));
    this.texts = JSON.parse(text(blobs.texts)).map(column);
    this.axis = upright(spec.low, spec.high, this.tall, false);
    this.layers = [{ id: "value", name: spec.value_name, glyph: "─" }];
    if (this.parts.baseline) this.layers.push({ id: "baseline", name: "baseline", glyph: "╌" });
    if (this.parts.lower) this.layers.push({ id: "band", name: spec.band_name, glyph: "▒" });
    if (this.odd.length) {
      this.layers.push({ id: "anomalies", name: "anomalies", glyph: "▲", count: this.odd.length });
    }
    this.legend = new Legend(this.layers, () => this.draw());
    this.build("time series", this.tall);
  }

  above() {
    return [this.legend.element];
  }

  draw() {
    super.draw();
    this.legend.paint((at) => this.colourOf(this.layers[at].id));
  }

  colourOf(id) {
    const { series, alarm } = this.colours;
    return { value: series[0], baseline: series[1], band: series[2], anomalies: alarm }[id];
  }

  has(id) {
    const at = this.layers.findIndex((layer) => layer.id === id);
    return at >= 0 && !this.legend.hidden.has(at);
  }

  left() {
    return 72;
  }

  anchor() {
    return this.axis.axis.low;
  }

  upright() {
    const { low, high, step } = this.axis.axis;
    return {
      type: "value", min: low, max: high, interval: step, name: this.spec.value_name,
      nameLocation: "middle", nameGap: 52,
      nameTextStyle: { color: this.colours.faint, width: this.tall - 20, overflow: "truncate" },
      axisLabel: { color: this.colours.faint, formatter: this.axis.label, fontSize: 11, showMaxLabel: false },
      axisLine: { show: true, lineStyle: { color: this.colours.line } },
      splitLine: { lineStyle: { color: this.colours.line, opacity: 0.6 } },
    };
  }

  // The strip follows the values; where the anomalies are it reaches the top.
  strip(bins) {
    if (!this.peaks) {
      const [start, end] = this.domain;
      const { low, high } = this.axis.axis;
      const peaks = new Float64Array(bins);
      this.times.forEach((time, i) => {
        const at = Math.min(bins - 1, (((time - start) / (end - start)) * bins) | 0);
        const share = this.anomalies[i] ? 1 : 0.05 + 0.8 * ((this.parts.value[i] - low) / (high - low));
        peaks[at] = Math.max(peaks[at], share);
      });
      this.peaks = Array.from(peaks, (peak, i) => [i + 0.5, peak]);
    }
    return this.peaks;
  }

  paint(context, ratio) {
    context.scale(ratio, ratio);
    this.first = Math.max(0, this.from - 1);
    this.last = Math.min(this.times.length, this.to + 1);
    this.xs = new Float64Array(this.last - this.first);
    for (let i = this.first; i < this.last; i++) this.xs[i - this.first] = this.toX(this.times[i]);
    if (this.has("band")) this.paintBand(context);
    if (this.has("baseline")) this.paintLine(context, "baseline", 1);
    if (this.has("value")) this.paintLine(context, "value", 0);
    if (this.has("anomalies")) this.paintAnomalies(context);
  }

  x(i) {
    return this.xs[i - this.first];
  }

  // Whether the line goes on from the point before: not over missing points.
  joins(i) {
    return i > this.first && this.times[i] - this.times[i - 1] <= this.spec.gap_ms;
  }

  paintBand(context) {
    context.fillStyle = this.colourOf("band");
    context.globalAlpha = 0.18;
    let run = [];
    const flush = () => {
      if (run.length > 1) {
        context.beginPath();
        run.forEach((i, nth) => context[nth ? "lineTo" : "moveTo"](this.x(i), this.axis.toY(this.parts.upper[i])));
        for (const i of run.reverse()) context.lineTo(this.x(i), this.axis.toY(this.parts.lower[i]));
        context.fill();
      }
      run = [];
    };
    for (let i = this.first; i < this.last; i++) {
      if (!(this.known[i] & 2) || !this.joins(i)) flush();
      if (this.known[i] & 2) run.push(i);
    }
    flush();
    context.globalAlpha = 1;
  }

  paintLine(context, id, dashed) {
    const values = this.parts[id];
    context.strokeStyle = this.colourOf(id);
    context.lineWidth = dashed ? 1.3 : 1.6;
    context.setLineDash(dashed ? [5, 3] : []);
    context.beginPath();
    let pen = false;
    for (let i = this.first; i < this.last; i++) {
      if (dashed && !(this.known[i] & 1)) {
        pen = false;
        continue;
      }
      const y = this.axis.toY(values[i]);
      if (pen && this.joins(i)) context.lineTo(this.x(i), y);
      else {
        context.moveTo(this.x(i), y);
        context.lineTo(this.x(i) + 0.5, y); // a lonely point is seen, too
      }
      pen = true;
    }
    context.stroke();
    context.setLineDash([]);
    if (dashed || this.area.width / Math.max(this.to - this.from, 1) < 9) return;
    context.fillStyle = this.colourOf(id);
    for (let i = this.first; i < this.last; i++) {
      context.beginPath();
      context.arc(this.x(i), this.axis.toY(values[i]), 2.2, 0, 7);
      context.fill();
    }
  }

  paintAnomalies(context) {
    context.fillStyle = this.colourOf("anomalies");
    context.strokeStyle = this.colours.ground;
    for (const i of this.odd) {
      if (i < this.first || i >= this.last) continue;
      const up = this.anomalies[i] > 0;
      const x = this.x(i);
      const at = this.axis.toY(this.parts.value[i]) + (up ? -4 : 4);
      const y = Math.min(Math.max(at, 12), this.tall - 12); // whole, also at the very edge
      const tall = up ? -10 : 10;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x - 6.5, y + tall);
      context.lineTo(x + 6.5, y + tall);
      context.closePath();
      context.fill();
      context.stroke();
    }
  }

  how() {
    const odd = this.odd.filter((i) => i >= this.from && i < this.to).length;
    if (!this.spec.judged) return "no column says what is anomalous";
    return `${count(odd)} of ${count(this.odd.length)} anomalies in view`;
  }

  markAt(x, y) {
    if (!this.inArea(x, y)) return -1;
    let best = -1;
    let nearest = Infinity;
    for (let i = this.from; i < this.to; i++) {
      // Anomalies are easier to hit than the ordinary points around them.
      const away = Math.abs(this.toX(this.times[i]) + this.area.x - x) - (this.anomalies[i] ? 6 : 0);
      if (away < nearest) [best, nearest] = [i, away];
    }
    return nearest < 14 ? best : -1;
  }

  told(x, y) {
    const at = this.markAt(x, y);
    return at < 0 ? null : this.describe(at);
  }

  describe(index) {
    const { value, baseline, lower, upper, score } = this.parts;
    const known = this.known[index];
    const pairs = [
      [`time (${this.spec.zone})`, stamp(this.times[index], this.unit)],
      [this.spec.value_name, exact(value[index])],
    ];
    if (baseline && known & 1) pairs.push(["baseline", exact(baseline[index])]);
    if (lower && known & 2) pairs.push([this.spec.band_name, `${exact(+lower[index].toPrecision(7))} to ${exact(+upper[index].toPrecision(7))}`]);
    if (score && known & 4) pairs.push(["score", exact(+score[index].toPrecision(5))]);
    const sign = this.anomalies[index];
    if (sign) pairs.push(["anomaly", sign > 0 ? "above what was expected" : "below what was expected"]);
    if (index < this.spec.texts) for (const each of this.texts) pairs.push([each.name, lookUp(each, index)]);
    return pairs;
  }

  placeOf(index) {
    const x = this.toX(this.times[index]);
    if (x < 0 || x > this.area.width) return null;
    return { x: this.area.x + x, y: this.area.y + this.axis.toY(this.parts.value[index]) };
  }

  // The anomaly before or after the chosen point.
  leap(by) {
    if (!this.odd.length) return;
    const ahead = by > 0
      ? this.odd.find((i) => i > this.chosen) ?? this.odd[0]
      : this.odd.findLast((i) => this.chosen < 0 || i < this.chosen) ?? this.odd[this.odd.length - 1];
    this.reach(ahead);
  }

  keys() {
    return { ...super.keys(), n: () => this.leap(1), p: () => this.leap(-1) };
  }

  keyHelp() {
    return [...super.keyHelp(), ["n p", "the next, the previous anomaly"]];
  }
}

window.huntkit.register("timeseries", (figure, plot, spec, blobs) => {
  if (spec.events) return new Timeseries(plot, spec, blobs);
  plot.replaceChildren(make("p", "hk-message", spec.message));
  return null;
});
