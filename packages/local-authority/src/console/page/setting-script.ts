/** Fourth part: apps and users, faults, the clock, managed identities. */
export const settingScript = String.raw`
const plural = (count, word) => count + " " + word + (count === 1 ? "" : "s");
const userCard = (user, known) => {
  const path = "/sessions/" + encodeURIComponent(user.username);
  const change = (label, said, body) => button(label, async () => {
    await (body ? call("PATCH", path, body) : call("DELETE", path));
    await shown.directory();
    return said;
  }, { "aria-label": label + ": " + user.username });
  const apps = [...new Set(user.refreshTokens.map(({ app }) => app))].join(", ");
  return el("div", { class: "card", "data-user": user.username },
    el("h3", {}, known.name),
    el("p", {}, el("code", {}, user.username), " ", copy(user.username, user.username)),
    el("p", {}, "Password ", el("code", {}, known.password)),
    el("p", { class: "soft" }, "Signed in with " + plural(user.browsers.length, "browser") + ", " +
      plural(user.refreshTokens.length, "refresh token") + (apps === "" ? "" : ": " + apps)),
    user.disabled || user.passwordExpired
      ? el("p", { class: "bad" }, [user.disabled && "Disabled", user.passwordExpired && "Password expired"].filter(Boolean).join(", "))
      : "",
    el("div", { class: "actions" },
      change("Revoke sessions", "Every session and refresh token of " + user.username + " is revoked."),
      change(user.disabled ? "Enable" : "Disable", "Done.", { disabled: !user.disabled }),
      change(user.passwordExpired ? "Renew password" : "Expire password", "Done.", { passwordExpired: !user.passwordExpired })));
};
const appCard = (app) => el("div", { class: "card" },
  el("h3", {}, app.name),
  el("p", {}, el("code", {}, app.clientId), " ", copy("client ID of " + app.name, app.clientId)),
  app.clientSecret === undefined
    ? el("p", { class: "soft" }, app.certificates || app.jwks || app.federatedCredentials || app.tlsClientAuth || app.subjectNameIssuer
        ? "Proves itself without a secret" : "Public: no credential")
    : el("p", {}, "Secret ", el("code", {}, short(app.clientSecret)), " ", copy("secret of " + app.name, app.clientSecret)),
  app.redirectUris.length === 0 ? "" : el("details", {}, el("summary", {}, plural(app.redirectUris.length, "redirect URI")),
    app.redirectUris.map((uri) => el("p", {}, el("code", {}, uri)))));
shown.directory = async () => {
  const [about, { users }] = await Promise.all([call("GET", ""), call("GET", "/sessions")]);
  const focused = document.activeElement.getAttribute("aria-label");
  $("directory").replaceChildren(...about.tenants.flatMap((tenant) => [
    el("h2", {}, tenant.name + ", ", el("code", {}, tenant.domain)),
    el("p", {}, "Authority ", el("code", {}, about.url + "/" + tenant.id), " ", copy("authority of " + tenant.name, about.url + "/" + tenant.id)),
    el("h3", {}, "Users"),
    el("div", { class: "grid" }, users.filter((user) => user.tenant === tenant.domain).map((user) =>
      userCard(user, [...tenant.users, ...(tenant.federation?.users ?? [])].find(({ username }) => username === user.username)))),
    el("h3", {}, "Apps"),
    el("div", { class: "grid" }, tenant.apps.map(appCard)),
  ]), el("p", { class: "soft" }, about.caPem === "" ? "Plain HTTP: there is no certificate to trust."
    : about.caFile ? "CA certificate: " + about.caFile : "CA certificate: caPem of the endpoint /_console."));
  if (focused) document.querySelector('[aria-label="' + CSS.escape(focused) + '"]')?.focus();
};

const presets = [
  ["The next token request answers 429", { match: "token", status: 429, headers: { "Retry-After": "2" } }],
  ["The next token request answers 503", { match: "token", status: 503 }],
  ["The next token request loses its connection", { match: "token", reset: true }],
  ["The next token request takes 10 seconds", { match: "token", delayMs: 10000 }],
  ["The next refresh is refused: invalid_grant", { match: "token", where: { grant_type: "refresh_token" }, status: 400,
    headers: { "Content-Type": "application/json" }, body: '{"error":"invalid_grant","error_description":"A simulated fault."}' }],
  ["The next access token expires in 5 seconds", { match: "token", rewrite: { expires_in: 5 } }],
  ["The next response has no ID token", { match: "token", rewrite: { id_token: null } }],
  ["The metadata answer 500", { match: "openid-configuration", status: 500 }],
  ["The signing keys answer 503", { match: "keys", status: 503 }],
  ["Every request answers 503", { status: 503, times: "always" }],
];
const addFault = async (fault) => {
  await call("POST", "/faults", fault);
  await shown.faults();
  return "The fault waits for its request.";
};
const textOf = ({ id, hits, ...fault }) => JSON.stringify(fault);
shown.faults = async () => {
  const { endpoints, faults } = await call("GET", "/faults");
  if (!$("active-faults")) $("faults").append(
    el("h2", {}, "Waiting"), el("div", { id: "active-faults" }),
    el("h2", {}, "Add one"), el("div", { class: "actions" }, presets.map(([label, fault]) => button(label, () => addFault(fault)))),
    el("h2", {}, "Any other"),
    el("div", { class: "bar" },
      field("Endpoint", choice("fault-match", [["", "any"], ...endpoints.map((name) => [name, name])])),
      field("Only where (JSON)", el("input", { id: "fault-where", placeholder: '{"grant_type":"refresh_token"}' })),
      field("Status", el("input", { id: "fault-status", type: "number", min: "200", max: "599" })),
      field("Headers (JSON)", el("input", { id: "fault-headers", placeholder: '{"Retry-After":"2"}' })),
      field("Body", el("input", { id: "fault-body" })),
      field("Delay, ms", el("input", { id: "fault-delay", type: "number", min: "0" })),
      field("Times", el("input", { id: "fault-times", value: "1", placeholder: "1, or always" })),
      button("Add the fault", () => addFault(filled({
        match: $("fault-match").value, where: jsonOf("fault-where", "Only where"), status: $("fault-status").valueAsNumber,
        headers: jsonOf("fault-headers", "Headers"), body: $("fault-body").value, delayMs: $("fault-delay").valueAsNumber,
        times: $("fault-times").value === "always" ? "always" : Number($("fault-times").value || 1),
      })), { class: "do main" })));
  $("active-faults").replaceChildren(...(faults.length === 0 ? [el("p", { class: "soft" }, "None.")] : [
    ...faults.map((fault) => el("div", { class: "card" }, el("code", {}, textOf(fault)), " ",
      el("span", { class: "soft" }, plural(fault.hits, "hit")), " ",
      button("Remove", async () => { await call("DELETE", "/faults/" + fault.id); await shown.faults(); }, { "aria-label": "Remove the fault " + textOf(fault) }))),
    button("Remove all", async () => { await call("DELETE", "/faults"); await shown.faults(); })]));
};

const steps = [["A minute later", 60], ["5 minutes later", 300], ["An hour later", 3600], ["A day later", 86400], ["90 days later", 7776000], ["An hour earlier", -3600]];
let offset = 0;
const setClock = (clock) => {
  offset = Date.parse(clock.now) - Date.now();
  tick.moved = clock.offset;
  tick();
};
const tick = () => {
  const now = new Date(Date.now() + offset);
  const moved = tick.moved ? ", moved by " + tick.moved + " s" : "";
  $("time").textContent = now.toLocaleString() + moved;
  if ($("clock-now")) $("clock-now").textContent = now.toISOString().replace(/\.\d+Z/, "Z") + moved;
};
const move = async (advance) => {
  setClock(await call("POST", "/clock", { advance }));
  return "The clock is moved. Apps have their own.";
};
shown.clock = async () => setClock(await call("GET", "/clock"));
$("clock").append(
  el("h2", {}, "The authority's clock"), el("p", {}, el("code", { id: "clock-now" })),
  el("p", { class: "soft" }, "Lifetimes of tokens, codes and sessions are counted by it. Apps have their own clock."),
  el("div", { class: "actions" }, steps.map(([label, seconds]) => button(label, () => move(seconds)))),
  el("div", { class: "bar" }, field("Seconds", el("input", { id: "clock-by", type: "number", value: "600" })),
    button("Move", () => move($("clock-by").valueAsNumber || 0)),
    button("Back to the real time", async () => { setClock(await call("DELETE", "/clock")); return "The clock shows the real time."; })));
setInterval(tick, 1000);
run(shown.clock);

const hostWords = { imds: "Virtual machine (IMDS)", "app-service": "App Service, Functions, Container Apps", arc: "Azure Arc",
  "service-fabric": "Service Fabric", "machine-learning": "Machine Learning", "cloud-shell": "Cloud Shell", aks: "Kubernetes, workload identity" };
shown.identities = async () => {
  const { hosts, identities, running } = await call("GET", "/identities");
  if (!$("running-hosts")) $("identities").append(
    el("h2", {}, "Emulate a host"),
    el("p", { class: "soft" }, "Start your app with its variables: it gets tokens as it would there."),
    el("div", { class: "bar" },
      field("Host", choice("host", hosts.map((name) => [name, hostWords[name] ?? name]))),
      field("Identity", choice("host-identity", [["", "the usual one"], ...identities.map(({ clientId, systemAssigned }) =>
        [clientId, (systemAssigned ? "system-assigned " : "user-assigned ") + clientId])])),
      button("Start", async () => {
        await call("POST", "/identities", filled({ host: $("host").value, clientId: $("host-identity").value }));
        await shown.identities();
        return "The host runs.";
      }, { class: "do main" })),
    el("h2", {}, "Running"), el("div", { id: "running-hosts", class: "grid" }));
  $("running-hosts").replaceChildren(...(running.length === 0 ? [el("p", { class: "soft" }, "None.")] : running.map(({ id, host, url, shell }) =>
    el("div", { class: "card" }, el("h3", {}, hostWords[host] ?? host), el("p", { class: "soft" }, url), el("pre", {}, shell),
      el("div", { class: "actions" }, copy("variables of " + host, shell),
        button("Stop", async () => { await call("DELETE", "/identities/" + id); await shown.identities(); }, { "aria-label": "Stop " + host }))))));
};
`;
