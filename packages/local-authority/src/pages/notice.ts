import { html } from "hono/html";
import type { AadstsCode } from "../errors/errors.js";
import { layout } from "./layout.js";

/** What to change in this authority's configuration, by AADSTS code: Entra's own text sends people to the Azure portal. */
const remedies: Readonly<Partial<Record<AadstsCode, string>>> = {
  50011: "Here, add the address to the redirectUris of this app in the options of the local authority.",
  50020: "Here, the user belongs to another tenant of the local authority.",
  90002: "Here, add the tenant to the tenants in the options of the local authority.",
  700016: "Here, add the app to the apps of the tenant in the options of the local authority.",
};

/** A URL in Entra's text. A quoted URL comes from the request, so it does not become a link. */
const ADDRESS = /(?<=^|[ (])(https:\/\/[^\s'"<>]*[^\s'"<>.,;:!?)\]])/;

function withLinks(text: string) {
  return text
    .split(ADDRESS)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}" rel="noreferrer">${part}</a>` : part));
}

/** An error that must not be redirected. Its trace IDs are in small print. */
export function errorPage(code: AadstsCode, description: string) {
  const [text = "", ...ids] = description.split(/ (?=(?:Trace|Correlation) ID: )/);
  const remedy = remedies[code];
  return layout(
    "Sign in: error",
    html`
      <h1>Sorry, but we’re having trouble signing you in.</h1>
      <p role="alert">${withLinks(text)}</p>
      ${remedy === undefined ? "" : html`<p>${remedy}</p>`}
      ${ids.length === 0 ? "" : html`<small>${ids.join(" ")}</small>`}
    `,
  );
}

export function signedOutPage() {
  return layout(
    "Signed out",
    html`
      <h1>You signed out of your account</h1>
      <p class="soft">It’s a good idea to close all browser windows.</p>
    `,
  );
}
