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
  await kinds.get(spec.kind)(figure, figure.querySelector(".hk-plot"), spec, blobs);
}

export async function boot() {
  const root = document.documentElement;
  let failed = 0;
  for (const figure of document.querySelectorAll("figure.hk-chart")) {
    try {
      await start(figure);
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
