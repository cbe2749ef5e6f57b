// Elements with text. Text from evidence reaches the document here and nowhere else, as textContent.
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A list of name/value pairs, as a <dl>; pairs without a value are left out.
export function fields(pairs) {
  const list = make("dl", "hk-fields");
  for (const [name, value] of pairs) {
    if (value === "" || value === null || value === undefined) continue;
    list.append(make("dt", "", name), make("dd", "", String(value)));
  }
  return list;
}

export function button(label, title, act) {
  const element = make("button", "hk-button", label);
  element.type = "button";
  element.title = title;
  element.setAttribute("aria-label", title);
  element.addEventListener("click", act);
  return element;
}
