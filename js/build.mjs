// Builds src/huntkit/charts/assets from this folder; `--check` compares instead of writing.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { world } from "./world.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "src", "huntkit", "charts", "assets");
const checking = process.argv.includes("--check");
const stale = [];

async function bundled(entry, globalName, format = "iife") {
  const result = await build({
    entryPoints: [join(here, "src", entry)],
    bundle: true,
    minify: true,
    charset: "ascii",
    format,
    globalName,
    target: ["chrome111", "firefox115", "safari16.4"],
    legalComments: "none", // the licences lie beside the bundle, whole
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

// The packed library is compared by what it unpacks to: gzip's bytes differ between zlib versions.
function put(name, bytes, packed = false) {
  const path = join(assets, name);
  if (checking) {
    let there = Buffer.alloc(0);
    try {
      there = packed ? gunzipSync(readFileSync(path)) : readFileSync(path);
    } catch {
      // missing or unreadable counts as stale
    }
    if (!there.equals(bytes)) stale.push(name);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, packed ? gzipSync(bytes, { level: 9 }) : bytes);
  console.log(name, bytes.length);
}

put("echarts.js.gz", await bundled("echarts.js", "echarts"), true);
put("morph.js.gz", await bundled("morph.js", "morph"), true);
put("page.js", await bundled("page.js", "huntkit"));
put("live.js", await bundled("live.js", undefined, "esm"));
put("page.css", readFileSync(join(here, "src", "page.css")));
for (const file of readdirSync(join(here, "src", "kinds")).sort()) {
  put(join("kinds", file), await bundled(join("kinds", file)));
}
const { script, countries } = world();
put("world.js.gz", Buffer.from(script), true);
put("countries.json", Buffer.from(countries));
for (const [from, to] of [
  ["echarts/LICENSE", "licenses/echarts-LICENSE.txt"],
  ["echarts/licenses/LICENSE-d3", "licenses/echarts-LICENSE-d3.txt"],
  ["echarts/NOTICE", "licenses/echarts-NOTICE.txt"],
  ["zrender/LICENSE", "licenses/zrender-LICENSE.txt"],
  ["tslib/LICENSE.txt", "licenses/tslib-LICENSE.txt"],
  ["morphcharts/LICENSE.txt", "licenses/morphcharts-LICENSE.txt"],
  ["gl-matrix/LICENSE.md", "licenses/gl-matrix-LICENSE.txt"],
  ["world-atlas/LICENSE", "licenses/world-atlas-LICENSE.txt"],
  ["i18n-iso-countries/LICENSE", "licenses/iso-countries-LICENSE.txt"],
]) {
  put(to, readFileSync(join(here, "node_modules", from)));
}
if (stale.length) {
  console.error(`not what the sources build: ${stale.join(", ")}; run: make charts-js`);
  process.exit(1);
}
