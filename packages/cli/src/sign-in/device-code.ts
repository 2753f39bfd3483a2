import type { DeviceCodeResponse } from "@tessera/node";
import { hasColors, type Screen } from "../terminal/terminal.js";

/**
 * Shows a device code: in words on every terminal; with a QR code and the time that is left where the terminal can.
 *
 * @returns a function that ends the display
 */
export async function showDeviceCode(code: DeviceCodeResponse, screen: Screen): Promise<() => void> {
  const { userCode, verificationUri, verificationUriComplete, expiresIn } = code;
  const [{ createColors }, { default: hasUnicode }] = await Promise.all([
    import("picocolors"),
    import("is-unicode-supported"),
  ]);
  const { bold } = createColors(hasColors(screen));
  const ends = Date.now() + expiresIn * 1000;
  screen.line(`To sign in, open ${bold(verificationUri)} on any device and enter the code ${bold(userCode)}`);
  if (!screen.isRich) {
    screen.line(`The code is good for ${timeText(ends - Date.now())}. Ctrl+C gives up.`);
    return () => undefined;
  }
  if (hasUnicode()) await showQrCode(verificationUriComplete ?? verificationUri, screen);
  const { default: createSpinner } = await import("yocto-spinner");
  const text = (): string => `Waiting for you, ${timeText(ends - Date.now())} left. Ctrl+C gives up.`;
  // The command itself ends in an orderly way.
  const spinner = createSpinner({ text: text(), stream: screen.stream, handleSignals: false });
  spinner.start();
  const timer = setInterval(() => (spinner.text = text()), 1000).unref();
  return () => {
    clearInterval(timer);
    spinner.stop();
  };
}

/** A QR code that does not fit on a line would be torn, and could not be read. */
async function showQrCode(url: string, screen: Screen): Promise<void> {
  const { renderUnicodeCompact } = await import("uqr");
  const picture = renderUnicodeCompact(url, { border: 2 });
  const width = picture.indexOf("\n");
  const { columns, rows } = screen.stream;
  if (width < columns && picture.split("\n").length < rows) screen.line(picture);
}

/** Returns a duration as `14:05`. */
function timeText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
