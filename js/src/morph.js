// What the bundle `morph` holds of Microsoft's morphcharts: its plain WebGL renderer, which moves
// units between two places on the graphics card. Its own axes, labels, input, the WebGPU renderers
// and the ray tracer stay out.
export { Core } from "morphcharts/dist/main.js";
export { Main as Renderer } from "morphcharts/dist/renderers/basic/main.js";
export { UnitVertex } from "morphcharts/dist/vertex.js";
