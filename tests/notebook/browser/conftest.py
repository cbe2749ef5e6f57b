"""A notebook in one page: it shows widgets by their own ESM, and talks to them as Jupyter does."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import comm
import pytest

from huntkit.notebook.answering import LiveChart
from huntkit.notebook.choosing import LiveResults

sync_api = pytest.importorskip("playwright.sync_api")

# The model that the anywidget specification promises to a widget's `render`.
HOST = """
window.models = {};
window.show = async (id, state, into) => {
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const widget = (await import(url)).default;
  const heard = {};
  let changed = {};
  const fire = (name, ...args) => [...(heard[name] ?? [])].forEach((act) => act(...args));
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; changed[name] = value; },
    save_changes: () => { toPython(id, "update", changed); changed = {}; },
    send: (content) => { toPython(id, "custom", content); },
    on: (name, act) => { (heard[name] ??= new Set()).add(act); },
    off: (name, act) => { heard[name]?.delete(act); },
  };
  window.models[id] = {
    model,
    update: (news) => {
      Object.assign(state, news);
      for (const name in news) fire("change:" + name);
    },
    custom: (content) => fire("msg:custom", content),
  };
  const el = document.createElement("div");
  document.body.append(el);
  window.models[id].end = await widget.render({ model, el });
};
"""


class FakeComm:
    """The kernel's end of a widget's wire: keeps what is sent until the page may be talked to."""

    def __init__(self, data: dict[str, Any] | None = None, **_more: Any) -> None:
        self.comm_id = f"comm{id(self)}"
        self.state = dict((data or {}).get("state", {}))
        self.sent: list[dict[str, Any]] = []

    def send(self, data: Any = None, **_more: Any) -> None:
        self.sent.append(data)

    def on_msg(self, _act: Any) -> None: ...

    def on_close(self, _act: Any) -> None: ...

    def close(self, **_more: Any) -> None: ...


class Notebook:
    """The page, the widgets in it, and what they asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.widgets: dict[str, LiveChart | LiveResults] = {}
        self.asked: list[Any] = []
        page.expose_function("toPython", self._to_python)

    def show(self, widget: LiveChart | LiveResults) -> Any:
        """The frame in which the widget is drawn."""
        name = f"w{len(self.widgets)}"
        self.widgets[name] = widget
        self.page.evaluate("([id, state]) => show(id, state)", [name, widget.comm.state])
        self.pump(lambda: self.page.locator("iframe").count() == len(self.widgets))
        frame = self.page.frame_locator("iframe").nth(len(self.widgets) - 1)
        frame.locator("html[data-hk-ready]").wait_for(state="attached")
        assert frame.locator("html").get_attribute("data-hk-failed") == "0"
        return frame

    def pump(self, until: Callable[[], bool], seconds: float = 10) -> None:
        """Carry messages both ways until something holds."""
        for _ in range(int(seconds * 20)):
            for name, widget in self.widgets.items():
                while widget.comm.sent:
                    data = widget.comm.sent.pop(0)
                    kind = "custom" if data["method"] == "custom" else "update"
                    content = data["content"] if kind == "custom" else data["state"]
                    self.page.evaluate(
                        "([id, kind, content]) => models[id][kind](content)", [name, kind, content]
                    )
            if until():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it did not come to pass")

    def _to_python(self, name: str, kind: str, content: Any) -> None:
        content = json.loads(json.dumps(content))
        if kind == "custom":
            self.asked.append(content)
            self.widgets[name]._handle_custom_msg(content, [])
        else:
            self.widgets[name].set_state(content)


@pytest.fixture
def notebook(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A page for live charts; on teardown, nothing may have gone wrong in it."""
    monkeypatch.setattr(comm, "create_comm", FakeComm)
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True)
    page = context.new_page()
    file = tmp_path / "notebook.html"
    file.write_text(f"<!DOCTYPE html><meta charset=utf-8><title>nb</title><script>{HOST}</script>")
    page.on("console", lambda m: faults.append(m.text) if m.type != "info" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    own = ("file:", "blob:", "about:")
    page.on("request", lambda r: faults.append(r.url) if not r.url.startswith(own) else None)
    found = Notebook(page)
    page.goto(file.as_uri())
    yield found
    ran = [frame.url for frame in page.frames if frame.evaluate("'hostile' in window")]
    context.close()
    for widget in found.widgets.values():
        widget.layout.close()
        widget.close()
    assert faults == []
    assert ran == []
