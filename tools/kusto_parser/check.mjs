// Reads queries as lines of JSON, [{"name": ..., "text": ...}, ...], and tells for each what
// Microsoft's own parser finds wrong with its syntax.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
globalThis.window = globalThis; // the packages were made for pages
require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.js");

const { KustoCode } = globalThis.Kusto.Language;
for (const line of readFileSync(0, "utf8").split("\n")) {
    if (!line) continue;
    const { name, text } = JSON.parse(line);
    const found = KustoCode.Parse(text).GetDiagnostics();
    const problems = [];
    for (let at = 0; at < found.Count; at++) {
        const each = found.getItem(at);
        if (each.Severity === "Error") problems.push(`${each.Start}: ${each.Message}`);
    }
    process.stdout.write(JSON.stringify({ name, problems }) + "\n");
}
