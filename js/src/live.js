// A live chart in a notebook, as an anywidget: the chart's page in a sandboxed frame as always, and
// a wire to Python. All live charts of a notebook's page share each library, which comes once.
const MARKER = "<template id=\"hk-libraries\"></template>";
const PAUSE = 120; // ms without a change before Python hears of it
const libraries = (globalThis[Symbol.for("huntkit.libraries")] ??= new Map());

function library(model, name, digest) {
  const key = `${name} ${digest}`;
  if (!libraries.has(key)) libraries.set(key, asked(model, name));
  return libraries.get(key);
}

function asked(model, name) {
  return new Promise((resolve) => {
    const hear = (content) => {
      if (content?.library !== name) return;
      model.off("msg:custom", hear);
      resolve(`<script type="application/x-packed" id="hk-library-${name}">${content.text}</script>`);
    };
    model.on("msg:custom", hear);
    model.send({ library: name });
  });
}

export async function render({ model, el, signal }) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = model.get("_title");
  frame.style.cssText = `width:100%;border:0;height:${model.get("_height")}px`;
  const note = document.createElement("p");
  note.textContent = `${model.get("_title")} · needs the running notebook`;
  el.replaceChildren(note);

  let timer = 0;
  const hear = ({ source, data }) => {
    if (source !== frame.contentWindow || typeof data?.huntkit !== "string") return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      model.set("_state", data.huntkit);
      model.save_changes();
    }, PAUSE);
  };
  const want = () => frame.contentWindow?.postMessage({ huntkit: model.get("_wanted") }, "*");
  addEventListener("message", hear);
  model.on("change:_wanted", want);
  const end = () => {
    clearTimeout(timer);
    removeEventListener("message", hear);
    model.off("change:_wanted", want);
  };
  signal?.addEventListener("abort", end);

  const needed = Object.entries(model.get("_libraries"));
  Promise.all(needed.map(([name, digest]) => library(model, name, digest))).then((texts) => {
    frame.srcdoc = model.get("_page").replace(MARKER, () => texts.join(""));
    el.replaceChildren(frame);
  });
  return end;
}

export default { render };
