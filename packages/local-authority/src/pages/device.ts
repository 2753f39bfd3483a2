import { html } from "hono/html";
import { layout } from "./layout.js";

/** The form for the code that a device displays. */
export function deviceCodePage({ userCode, error }: { readonly userCode: string; readonly error?: string }) {
  return layout(
    error === undefined ? "Enter code" : "Error: Enter code",
    html`
      <h1>Enter code</h1>
      <p id="help" class="soft">Enter the code displayed on your app or device.</p>
      ${error === undefined ? "" : html`<p role="alert" id="error">${error}</p>`}
      <form method="post" action="/common/oauth2/deviceauth">
        <label for="user_code">Code</label>
        <input
          id="user_code"
          name="user_code"
          type="text"
          value="${userCode}"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          aria-invalid="${error === undefined ? "false" : "true"}"
          aria-describedby="${error === undefined ? "help" : "error help"}"
          required
          autofocus
        />
        <div class="actions"><button type="submit">Next</button></div>
      </form>
    `,
  );
}

export interface DeviceConfirmationPage {
  readonly pendingId: string;
  readonly appName: string;
  readonly username: string;
}

/** Protects against codes sent by an attacker (RFC 8628 §5.4). */
export function deviceConfirmationPage({ pendingId, appName, username }: DeviceConfirmationPage) {
  return layout(
    "Confirm the device",
    html`
      <h1>Are you trying to sign in to ${appName}?</h1>
      <p class="soft">Signed in as ${username}</p>
      <p>Only continue if you started this sign-in yourself, on a device you have with you.</p>
      <form method="post" action="/common/oauth2/deviceauth/confirm">
        <input type="hidden" name="ctx" value="${pendingId}" />
        <div class="actions">
          <button type="submit" name="decision" value="cancel" class="quiet">Cancel</button>
          <button type="submit" name="decision" value="accept" autofocus>Continue</button>
        </div>
      </form>
    `,
  );
}

export function deviceResultPage(appName: string, result: "signed-in" | "declined") {
  return result === "signed-in"
    ? layout(
        "Signed in on your device",
        html`
          <h1>Signed in on your device</h1>
          <p role="status">You have signed in to ${appName} on your device. You may now close this window.</p>
        `,
      )
    : layout(
        "Not signed in",
        html`
          <h1>Not signed in</h1>
          <p role="status">
            You have not signed in to ${appName} on your device. You may now close this window.
          </p>
        `,
      );
}
