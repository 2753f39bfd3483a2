/** The console's program, first part: elements, calls to the endpoints, messages. It never writes markup. */
export const apiScript = String.raw`
const $ = (id) => document.getElementById(id);
const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== ""));
  return node;
};
const notify = (text, isBad = false) => {
  $("notice").className = isBad ? "bad" : "";
  $("notice").textContent = text;
  clearTimeout(notify.timer);
  notify.timer = setTimeout(() => { $("notice").textContent = ""; }, isBad ? 15000 : 4000);
};
const call = async (method, path, body) => {
  const response = await fetch("/_console" + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const json = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Error(json.error_description);
  return json;
};
/** Runs what a person asked for, and says what came of it. */
const run = async (work) => {
  try {
    const said = await work();
    if (typeof said === "string") notify(said);
  } catch (error) {
    notify(error.message === "Failed to fetch" ? "The authority does not answer: it may have been stopped." : error.message, true);
  }
};
const button = (label, work, attributes = {}) =>
  el("button", { type: "button", class: "do", ...attributes, click: () => run(work) }, label);
const copy = (what, text) =>
  button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    return "Copied: " + what;
  }, { "aria-label": "Copy " + what });
const field = (label, input) => el("label", {}, label, input);
const choice = (id, options) =>
  el("select", { id }, options.map(([value, label]) => el("option", { value }, label)));
const short = (secret) => (secret.length < 16 ? "…" : secret.slice(0, 4) + "…");
const clockTime = (milliseconds) => new Date(milliseconds).toLocaleTimeString([], { hour12: false });
const jsonOf = (id, label) => {
  const text = $(id).value.trim();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(label + " is not JSON: " + error.message);
  }
};
/** Without the fields that were left empty. */
const filled = (fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== "" && !Number.isNaN(value)));
`;
