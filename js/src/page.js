// Starts the charts of a page: unpacks libraries and data, then hands each figure to its kind.
import { inflate, text } from "./decode.js";
import { make } from "./dom.js";

const nonce = document.currentScript.nonce;
const kinds = new Map();
const libraries = new Map();

export function register(kind, draw) {
  kinds.set(kind, draw);
}

function library(name) {
  if (!libraries.has(name)) libraries.set(name, load(name));
  return libraries.get(name);
}

async function load(name) {
  const packed = document.getElementById(`hk-library-${name}`);
  const script = document.createElement("script");
  script.nonce = nonce; // the policy of the page lets nothing else run
  script.textContent = text(await inflate(packed.textContent, "gzip"));
  document.head.append(script);
}

async function start(figure) {
  const { spec, blobs: packed, libraries: needed } = JSON.parse(
    figure.querySelector("script.hk-data").textContent,
  );
  const blobs = {};
  const unpacking = Object.entries(packed).map(async ([name, base64]) => {
    blobs[name] = await inflate(base64);
  });
  await Promise.all([...needed.map(library), ...unpacking]);
  return kinds.get(spec.kind)(figure, figure.querySelector(".hk-plot"), spec, blobs);
}

// In a notebook's live chart: what is chosen and in view goes to the page around this one, and
// what is wanted comes from there (js/src/live.js).
function link(chart) {
  let last = "";
  chart.tell = () => {
    const said = JSON.stringify(chart.state());
    if (said === last) return;
    last = said;
    parent.postMessage({ huntkit: said }, "*");
  };
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data?.huntkit) chart.apply(data.huntkit);
  });
  chart.tell();
}

export async function boot({ linked = false } = {}) {
  const root = document.documentElement;
  let failed = 0;
  for (const figure of document.querySelectorAll("figure.hk-chart")) {
    try {
      const chart = await start(figure);
      if (linked && chart) link(chart);
    } catch (error) {
      failed += 1;
      console.error(error);
      figure.querySelector(".hk-plot").replaceChildren(
        make("p", "hk-message", `This chart could not be drawn: ${error.message}`),
      );
    }
    figure.dataset.drawn = String(Math.round(performance.now()));
  }
  root.dataset.hkFailed = String(failed);
  root.dataset.hkReady = String(Math.round(performance.now()));
}
