import { html } from "hono/html";
import { layout } from "./layout.js";

export interface ConsentPage {
  readonly action: string;
  readonly pendingId: string;
  readonly appName: string;
  readonly username: string;
  readonly scopes: readonly string[];
}

/** Lists the permissions that the app requests. */
export function consentPage({ action, pendingId, appName, username, scopes }: ConsentPage) {
  return layout(
    "Permissions requested",
    html`
      <h1>Permissions requested</h1>
      <p class="soft">Signed in as ${username}</p>
      <p><strong>${appName}</strong> would like to:</p>
      <ul>
        ${scopes.map((scope) => html`<li>${explain(scope)}</li>`)}
      </ul>
      <form method="post" action="${action}">
        <input type="hidden" name="ctx" value="${pendingId}" />
        <div class="actions">
          <button type="submit" name="decision" value="cancel" class="quiet">Cancel</button>
          <button type="submit" name="decision" value="accept" autofocus>Accept</button>
        </div>
      </form>
    `,
  );
}

const explanations: Readonly<Record<string, string>> = {
  openid: "Sign you in",
  profile: "View your basic profile",
  email: "View your email address",
  offline_access: "Maintain access to data you have given it access to",
};

function explain(scope: string) {
  const text = explanations[scope];
  return text === undefined
    ? html`Use the permission <code>${scope}</code>`
    : html`${text} <code>${scope}</code>`;
}
