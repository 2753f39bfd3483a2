/** Third part: the requests as they arrive, and the one that is looked at. */
export const requestScript = String.raw`
const requests = new Map();
let selected;
$("requests").append(
  el("div", { class: "bar" },
    field("Search", el("input", { type: "search", id: "search", placeholder: "client, user, path, value", input: () => filter() })),
    field("Endpoint", el("select", { id: "endpoint", change: () => filter() }, el("option", { value: "" }, "All"))),
    el("label", { class: "line" }, el("input", { type: "checkbox", id: "failed", change: () => filter() }), "Refused only"),
    button("Clear", async () => {
      await call("DELETE", "/requests");
      forget();
      return "Cleared.";
    }),
    el("span", { class: "soft", id: "count" })),
  el("div", { class: "split", id: "split" },
    el("ol", { id: "list", role: "listbox", tabindex: "0", "aria-label": "Requests, newest first" }),
    el("article", { id: "detail", class: "card", tabindex: "-1", "aria-label": "Request" })));
const forget = () => {
  requests.clear();
  $("list").replaceChildren();
  look(undefined);
  filter();
};
const isRefused = ({ status, error }) => error !== undefined || status >= 400;
const matches = (request) => {
  const [text, endpoint] = [$("search").value.trim().toLowerCase(), $("endpoint").value];
  return (!$("failed").checked || isRefused(request)) && (endpoint === "" || endpoint === request.endpoint) &&
    (text === "" || JSON.stringify(request).toLowerCase().includes(text));
};
const filter = () => {
  let visible = 0;
  for (const { request, node } of requests.values()) {
    node.hidden = !matches(request);
    if (!node.hidden) visible += 1;
  }
  $("count").textContent = visible === requests.size ? visible + " requests" : visible + " of " + requests.size + " requests";
};
const statusOf = ({ status, error }) =>
  el("span", { class: "status " + (isRefused({ status, error }) ? "bad" : "ok") }, status === undefined ? "…" : String(status));
const take = (request) => {
  const old = requests.get(request.id);
  const node = el("li", {
    id: "request-" + request.id, role: "option", "aria-selected": String(request.id === selected),
    click: () => look(request.id, true),
  }, el("span", {}, request.title), statusOf(request),
    el("small", {}, [clockTime(request.time), request.app, request.user, request.error].filter(Boolean).join(" · ")));
  requests.set(request.id, { request, node });
  if (old) old.node.replaceWith(node);
  else $("list").prepend(node);
  if (requests.size > 1000) {
    const [oldest] = requests.keys();
    requests.get(oldest).node.remove();
    requests.delete(oldest);
  }
  if (![...$("endpoint").options].some(({ value }) => value === request.endpoint))
    $("endpoint").append(el("option", { value: request.endpoint }, request.endpoint));
  filter();
  if (request.id === selected) look(selected);
  const current = tabs.find((tab) => tab.getAttribute("aria-selected") === "true").getAttribute("aria-controls");
  if (request.status !== undefined && ["faults", "directory"].includes(current)) refresh(current);
};
/** Once at a time, however many requests arrive. */
const refresh = (id) => {
  if (refresh.isBusy) { refresh.isDue = true; return; }
  refresh.isBusy = true;
  shown[id]().catch(() => undefined).finally(() => {
    refresh.isBusy = false;
    if (refresh.isDue) { refresh.isDue = false; refresh(id); }
  });
};
const claimRows = (claims) => claims.map(({ name, value, note, words }) =>
  row(name, typeof value === "string" ? value : JSON.stringify(value), [words, note].filter(Boolean).join(". ")));
const row = (name, value, note) =>
  el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "value" }, value, note ? el("small", { class: "soft" }, note) : ""));
const tokenOf = (token) => el("details", { open: true },
  el("summary", {}, "Taken apart; signature: " + token.signature),
  el("table", {}, el("tbody", {}, claimRows(token.header))),
  el("table", {}, el("tbody", {}, claimRows(token.claims))));
const valueRows = (values) => el("table", {}, el("tbody", {}, values.flatMap(({ name, value, note, token }) =>
  [row(name, value, note), ...(token ? [el("tr", {}, el("td", { colspan: "2" }, tokenOf(token)))] : [])])));
const part = (title, values) => (values.length === 0 ? [] : [el("h3", {}, title), valueRows(values)]);
const look = async (id, isAsked = false) => {
  if (selected !== undefined) requests.get(selected)?.node.setAttribute("aria-selected", "false");
  selected = id;
  const entry = requests.get(id);
  $("split").classList.toggle("open", id !== undefined);
  if (!entry) {
    $("list").removeAttribute("aria-activedescendant");
    $("detail").replaceChildren(el("p", { class: "soft" }, "Select a request to see what it says. Press / to search."));
    return;
  }
  entry.node.setAttribute("aria-selected", "true");
  entry.node.scrollIntoView({ block: "nearest" });
  $("list").setAttribute("aria-activedescendant", entry.node.id);
  await run(async () => {
    const request = await call("GET", "/requests/" + id);
    if (selected !== id) return;
    const { query, form, headers, response, redirect } = request.described;
    $("detail").replaceChildren(
      button("Back to the list", async () => { look(undefined); $("list").focus(); }, { class: "do back" }),
      el("h2", {}, request.title, " ", statusOf(request)),
      el("p", {}, el("code", {}, request.method + " " + request.path)),
      el("p", { class: "soft" }, "At " + clockTime(request.time) + " by the authority's clock, to " + request.host),
      ...part("Query", query), ...part("Form", form),
      ...(form.length === 0 && request.body !== "" ? [el("h3", {}, "Body"), el("pre", {}, request.body)] : []),
      ...(redirect ? [el("h3", {}, "Redirected to"), el("p", {}, el("code", {}, redirect))] : []),
      ...part("Response", response),
      el("details", {}, el("summary", {}, "Headers of the request"), valueRows(headers)));
    if (isAsked && getComputedStyle($("list")).display === "none") $("detail").focus();
  });
};
$("list").addEventListener("keydown", (event) => {
  const visible = [...requests.values()].filter(({ node }) => !node.hidden).map(({ request }) => request.id).reverse();
  const at = visible.indexOf(selected);
  const next = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: visible.length - 1 }[event.key];
  if (event.key === "Enter" && selected !== undefined) $("detail").focus();
  if (next === undefined || visible[next] === undefined) return;
  event.preventDefault();
  look(visible[next]);
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  open("requests");
  $("search").focus();
});
let authorityRun;
const listen = () => {
  const events = new EventSource("/_console/requests");
  events.addEventListener("open", () => live("live", "Live"));
  events.addEventListener("error", () => live("lost", "Not connected"));
  events.addEventListener("request", ({ data }) => take(JSON.parse(data)));
  events.addEventListener("run", ({ data }) => {
    if (authorityRun !== undefined && authorityRun !== data) {
      // Started again: its requests count from 1.
      events.close();
      authorityRun = undefined;
      forget();
      return listen();
    }
    authorityRun = data;
  });
};
const live = (state, text) => {
  $("live").dataset.state = state;
  if ($("live").textContent !== text) $("live").textContent = text;
};
look(undefined);
filter();
listen();
`;
