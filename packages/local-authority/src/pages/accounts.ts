import { html } from "hono/html";
import { layout } from "./layout.js";

export interface CreationPage {
  readonly action: string;
  readonly pendingId: string;
  readonly appName: string;
}

export interface AccountsPage extends CreationPage {
  readonly accounts: readonly { readonly id: string; readonly name: string; readonly username: string }[];
}

/** Lists the signed-in accounts, with a button for another one. */
export function accountsPage({ action, pendingId, appName, accounts }: AccountsPage) {
  return layout(
    "Pick an account",
    html`
      <h1>Pick an account</h1>
      <p class="soft">to continue to ${appName}</p>
      <form method="post" action="${action}">
        <input type="hidden" name="ctx" value="${pendingId}" />
        <ul class="choices">
          ${accounts.map(
            ({ id, name, username }, index) =>
              html`<li>
                <button
                  type="submit"
                  name="account"
                  value="${id}"
                  class="quiet"
                  ${index === 0 ? "autofocus" : ""}
                >
                  ${name} <span class="soft">${username}</span>
                </button>
              </li>`,
          )}
          <li>
            <button type="submit" name="account" value="other" class="quiet">Use another account</button>
          </li>
        </ul>
      </form>
    `,
  );
}

/** Stands for a sign-up page; this authority's accounts come from its configuration. */
export function creationPage({ action, pendingId, appName }: CreationPage) {
  return layout(
    "Create an account",
    html`
      <h1>Create an account</h1>
      <p class="soft">to continue to ${appName}</p>
      <p>Accounts of the local authority are defined in its configuration and cannot be created here.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="ctx" value="${pendingId}" />
        <div class="actions">
          <button type="submit" name="account" value="cancel" class="quiet">Cancel</button>
          <button type="submit" name="account" value="other" autofocus>
            Sign in with an existing account
          </button>
        </div>
      </form>
    `,
  );
}
