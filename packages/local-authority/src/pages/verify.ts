import { html } from "hono/html";
import { layout } from "./layout.js";

export interface VerifyPage {
  readonly action: string;
  readonly pendingId: string;
  readonly appName: string;
  readonly username: string;
}

/** Stands in for a phone: pressing the button is the second factor. */
export function verifyPage({ action, pendingId, appName, username }: VerifyPage) {
  return layout(
    "Verify your identity",
    html`
      <h1>Verify your identity</h1>
      <p class="soft">Signed in as ${username}</p>
      <p><strong>${appName}</strong> requires more than your password. Approve the sign-in to continue.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="ctx" value="${pendingId}" />
        <div class="actions">
          <button type="submit" name="decision" value="cancel" class="quiet">Cancel</button>
          <button type="submit" name="decision" value="accept" autofocus>Approve</button>
        </div>
      </form>
    `,
  );
}
