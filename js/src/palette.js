// Colours that stay apart for colour-blind readers (after Okabe and Ito), per colour scheme.
const LIGHT = {
  series: ["#0072b2", "#d55e00", "#00835f", "#b04f8c", "#8f6400", "#2f7fb5", "#5b5b5b"],
  text: "#1f2328",
  ground: "#ffffff",
  sea: "#eef3f7",
  land: "#fdfdfb",
  border: "#b6c0c9",
  alarm: "#c4263b",
  ramp: ["#cbe1f1", "#0b4f7d"],
  faint: "#59636e",
  line: "#d1d9e0",
  band: "#f6f8fa",
  filler: "rgba(0,114,178,0.14)",
  handle: "#0072b2",
};
const DARK = {
  series: ["#56b4e9", "#f0883e", "#2dc493", "#e08bc0", "#e6b422", "#8ab4ff", "#b8b8b8"],
  text: "#e6edf3",
  ground: "#0d1117",
  sea: "#0a0f15",
  land: "#20262e",
  border: "#454d57",
  alarm: "#ff7b86",
  ramp: ["#1d3d5a", "#9bd6f8"],
  faint: "#9198a1",
  line: "#3d444d",
  band: "#151b23",
  filler: "rgba(86,180,233,0.20)",
  handle: "#56b4e9",
};

export const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");
export const palette = () => (darkQuery.matches ? DARK : LIGHT);

export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
