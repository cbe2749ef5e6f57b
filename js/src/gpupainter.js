// Paints units on the graphics card with morphcharts, which moves them from one place to another
// in its shaders. What it paints is copied to the chart's canvas, so that axes can lie behind it.
import { AMBIENT, LIGHT, matrices, MOVING } from "./camera.js";
import { rgb } from "./palette.js";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

let known; // asking takes one of the few contexts that a page may have, so it is asked once

// Why the graphics card can't be used, or null if it can.
export function hindrance() {
  if (known === undefined) known = probed();
  return known;
}

function probed() {
  const gl = document.createElement("canvas").getContext("webgl");
  if (!gl) return "this browser gives no access to a graphics card (WebGL)";
  if (!gl.getExtension("ANGLE_instanced_arrays")) return "the graphics card can't draw many units at once";
  const told = /webkit|mozilla/i.test(gl.getParameter(gl.RENDERER)) && gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(name) ? "this browser only imitates a graphics card, which would be slower" : null;
}

export class GpuPainter {
  // `lost` is called when the graphics card is taken away.
  constructor(groups, count, turns, lost) {
    const { Core, Renderer, UnitVertex } = window.morph;
    this.Vertex = UnitVertex;
    this.groups = groups;
    this.core = new Core({ container: document.createElement("div"), useInputManager: false });
    this.core.config.logLevel = 4; // errors; what else happens is told in the page
    this.core.config.resizeMinimumDelay = -1;
    this.core.config.transitionDuration = MOVING;
    this.core.config.transitionStaggering = 1 - MOVING;
    this.core.config.backgroundColor = [0, 0, 0, 0];
    this.renderer = new Renderer({ width: 1, height: 1, antialias: true });
    this.core.renderer = this.renderer;
    this.core.stop(); // it would draw for ever; a chart draws when something changes
    Object.assign(this.renderer.config, { ambient: AMBIENT, specularIntensity: 0, directionToLight: LIGHT });
    this.renderer.mMatrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    this.renderer.isPickingEnabled = false;
    this.canvas = this.core.container.querySelector("canvas");
    this.canvas.addEventListener("webglcontextlost", lost);
    this.units = this.renderer.createTransitionBuffer(Uint32Array.from(groups, (_, i) => i));
    this.units.isVisible = true;
    for (const buffer of this.buffers()) this.dress(buffer, count, turns);
    this.renderer.transitionBuffers.push(this.units);
  }

  buffers() {
    return [this.units.previousBuffer, this.units.currentBuffer];
  }

  // What of a unit never changes: its number, its colour's place in the palette, its turn to start.
  dress({ vertices }, count, turns) {
    const bytes = new DataView(vertices);
    for (let i = 0; i < this.groups.length; i++) {
      const at = (this.groups[i] + 0.5) / count;
      this.Vertex.setIdHover(bytes, i, i);
      this.Vertex.setColor(bytes, i, [at, at]);
      this.Vertex.setOrder(bytes, i, [0, turns[i]]);
    }
  }

  arrange(from, to, hidden) {
    const places = [from, to];
    // After a move that was not broken off, the card holds where the units come from.
    if (this.at === from && this.hidden === [...hidden].join()) this.units.swap();
    else this.stand(this.units.previousBuffer, places[0], hidden);
    this.stand(this.units.currentBuffer, places[1], hidden);
    this.at = to;
    this.hidden = [...hidden].join();
  }

  stand(buffer, { x, y, z, size }, hidden) {
    const { SIZE_BYTES, TRANSLATION_OFFSET_BYTES, SCALE_OFFSET_BYTES } = this.Vertex;
    const floats = new Float32Array(buffer.vertices);
    const [step, place, scale] = [SIZE_BYTES / 4, TRANSLATION_OFFSET_BYTES / 4, SCALE_OFFSET_BYTES / 4];
    for (let i = 0, at = 0; i < x.length; i++, at += step) {
      [floats[at + place], floats[at + place + 1], floats[at + place + 2]] = [x[i], y[i], z[i]];
      const seen = hidden.has(this.groups[i]) ? 0 : 1;
      for (let axis = 0; axis < 3; axis++) floats[at + scale + axis] = size[axis] * seen;
    }
    buffer.update();
  }

  paint({ view, share, colours, width, height, ratio }) {
    const { renderer, units } = this;
    this.tint(colours);
    renderer.width = Math.round(width * ratio);
    renderer.height = Math.round(height * ratio);
    renderer.setSize(0);
    renderer.transitionTime = share;
    const { seen, inverse, flat } = matrices(view, width, height);
    renderer.vMatrices = [seen];
    renderer.inverseVMatrices = [inverse];
    renderer.pMatrices = [flat];
    renderer.config.halfAngle = LIGHT;
    units.transitionTime = share;
    renderer.prepare();
    renderer.update(0);
    renderer.render(0);
    return this.canvas;
  }

  tint(colours) {
    const key = colours.join();
    if (key === this.tinted) return;
    this.tinted = key;
    const palette = Uint8Array.from(colours.flatMap((colour) => [...rgb(colour), 255]));
    this.units.currentPalette.colors = palette;
    this.units.previousPalette.colors = palette;
  }
}
