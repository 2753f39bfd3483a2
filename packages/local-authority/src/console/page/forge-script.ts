/** Fifth part: a token of any shape. */
export const forgeScript = String.raw`
const keyWords = [
  ["authority", "the authority's: valid"], ["unknown", "another one, not published"], ["impostor", "another one, under the right name"],
  ["tampered", "the authority's, and changed afterwards"], ["none", "none: not signed"], ["hmac", "the public key as a secret (HS256)"], ["jwk", "a private key as JWK"],
];
shown.tokens = async () => {
  if ($("forge-type")) return;
  const about = await call("GET", "");
  const { tenants } = about;
  const apps = tenants.flatMap((tenant) => tenant.apps.map((app) => [app.clientId, app.name]));
  const users = tenants.flatMap((tenant) => tenant.users.map((user) => [user.username, user.username]));
  const authorities = [...tenants.flatMap(({ domain }) => [[domain, domain], [domain + "/b2c_1_signin", domain + ", B2C"], [domain + "/openid", domain + ", standard issuer"]]), ["adfs", "AD FS"]];
  const area = (id, placeholder) => el("textarea", { id, placeholder, spellcheck: "false" });
  $("tokens").append(
    el("h2", {}, "A token of any shape"),
    el("p", { class: "soft" }, "What an API must refuse, it should be shown: a token that has expired, is for another API, or was made with another key."),
    el("div", { class: "bar" },
      field("Kind", choice("forge-type", [["access", "access token of a user"], ["app", "access token of an app"], ["id", "ID token"], ["custom", "only the claims below"]])),
      field("Authority", choice("forge-authority", authorities)),
      field("App", choice("forge-client", apps)), field("User", choice("forge-user", users)),
      field("Audience", el("input", { id: "forge-audience", placeholder: "the app itself" })),
      field("Scope", el("input", { id: "forge-scope", placeholder: "User.Read" })),
      field("Lifetime, seconds", el("input", { id: "forge-lifetime", type: "number", placeholder: "-60: expired" })),
      field("Key", choice("forge-key", keyWords))),
    el("div", { class: "grid" },
      field("Claims that differ (JSON; null removes one)", area("forge-claims", '{"roles":["Admin"],"nonce":null}')),
      field("Header that differs (JSON)", area("forge-header", '{"typ":"at+jwt"}')),
      field("Private key (JWK), for the last kind of key", area("forge-jwk", '{"kty":"EC",…}'))),
    el("div", { class: "actions" }, button("Make the token", async () => {
      const key = $("forge-key").value;
      const made = await call("POST", "/tokens", filled({
        type: $("forge-type").value, authority: $("forge-authority").value, client: $("forge-client").value, user: $("forge-user").value,
        audience: $("forge-audience").value, scope: $("forge-scope").value, lifetime: $("forge-lifetime").valueAsNumber,
        key: key === "jwk" ? (jsonOf("forge-jwk", "The key") ?? {}) : key,
        claims: jsonOf("forge-claims", "Claims"), header: jsonOf("forge-header", "Header"),
      }));
      $("forged").replaceChildren(
        el("h3", {}, "Token ", copy("token", made.token)), el("pre", { id: "forged-token" }, made.token),
        el("h3", {}, "Header"), el("pre", {}, JSON.stringify(made.header, null, 2)),
        el("h3", {}, "Claims"), el("pre", { id: "forged-claims" }, JSON.stringify(made.claims, null, 2)));
    }, { class: "do main" })),
    el("div", { id: "forged" }));
};
`;
