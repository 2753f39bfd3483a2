import { html } from "hono/html";
import { canSignIn, type AuthorityConfig } from "../config/config.js";
import { layout } from "./layout.js";

/** Lists who can sign in, and to which apps, for a person who opens the authority's address in a browser. */
export function homePage(url: string, { tenants }: AuthorityConfig) {
  return layout(
    "Tessera local authority",
    html`
      <h1>Tessera local authority</h1>
      <p>This is an identity provider for development and tests. To sign in, begin at your app.</p>
      ${tenants.map(
        ({ id, domain, users, apps }) => html`
          <h2>${domain}</h2>
          <p>Authority: <code>${url}/${id}</code></p>
          <h3>Users</h3>
          <ul>
            ${users.filter(canSignIn).map(({ username, password }) => html`<li>${username}, password <code>${password}</code></li>`)}
          </ul>
          <h3>Apps</h3>
          <ul>
            ${apps.map(({ clientId, name }) => html`<li>${name}: <code>${clientId}</code></li>`)}
          </ul>
        `,
      )}
    `,
  );
}
