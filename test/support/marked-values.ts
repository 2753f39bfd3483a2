import { inspect } from "node:util";

/** A value that occurs nowhere else: where any eight characters of it stand, it has leaked. */
export const MARK = "Zq7Xw3Kp9Vt5Rn1Hs8Jd4Gf6Lb2Mc0Ty";
/** The same for values that are numbers. */
export const MARKED_NUMBER = 918_273_645_546_372;

/** An error that an app's own function fails with: it is the app's own, and comes back to it as it is. */
export const OWN_ERROR = new Error(`the vault says ${MARK}`);

const pem = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const base64 = Buffer.from(MARK).toString("base64");
const long = Buffer.from(MARK.repeat(200)).toString("base64");

/** Every wrong form of an option that the library is to take, by the name of the form. */
export const WRONG_FORMS: Readonly<Record<string, unknown>> = {
  "a string": MARK,
  "an empty string": "",
  "a path": `/nowhere/${MARK}`,
  "a relative path": `./${MARK}.pem`,
  base64,
  "long base64": long,
  "base64url with dots": `${base64}.${base64}.${base64}`,
  hexadecimal: Buffer.from(MARK).toString("hex"),
  "characters that no header carries": `${MARK}\r\nx: y\u20ac`,
  "characters that no path holds": `${MARK}\0`,
  "XML, JSON and quotes": `<a b="${MARK}">'{"c":"${MARK}"}&`,
  "a URL with a password": `http://user:${MARK}@127.0.0.1:1`,
  "a URL with a user name": `http://${MARK}@127.0.0.1:1/${MARK}`,
  "a URL with a query": `https://nowhere.invalid/?code=${MARK}#${MARK}`,
  "half a URL with a password": `http://user:${MARK}@`,
  "a URL without scheme": `user:${MARK}@127.0.0.1:1`,
  "a URL with a wrong escape": `http://user:%E0%A4%A-${MARK}@127.0.0.1:1`,
  "a URL with a wrong port": `http://user:${MARK}@127.0.0.1:99999`,
  "the PEM of a private key": pem("PRIVATE KEY", base64),
  "the PEM of an encrypted key": pem("ENCRYPTED PRIVATE KEY", base64),
  "the PEM of a certificate": pem("CERTIFICATE", base64),
  "the PEM of something else": pem(MARK, base64),
  "a cut PEM": `-----BEGIN PRIVATE KEY-----\n${base64}`,
  JSON: JSON.stringify({ value: MARK }),
  "cut JSON": JSON.stringify({ value: MARK }).slice(0, -2),
  "a number": MARKED_NUMBER,
  "a big number": BigInt(MARKED_NUMBER),
  true: true,
  null: null,
  "an empty array": [],
  "an array": [MARK],
  "an object": { value: MARK, [MARK]: MARK },
  "an object that is a string": { toString: () => MARK },
  "a Buffer": Buffer.from(MARK),
  bytes: new Uint8Array(Buffer.from(MARK)),
  "a symbol": Symbol(MARK),
  "a function": () => MARK,
  "a function of a promise": async () => MARK,
  "a function that throws": () => {
    throw OWN_ERROR;
  },
  "a function that throws the value": () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as apps do
    throw MARK;
  },
  "a function that rejects": () => Promise.reject(OWN_ERROR),
};

/** Every form a value may be shown in. */
const FORMS: readonly string[] = [
  MARK,
  base64,
  Buffer.from(MARK).toString("hex"),
  // As a Buffer is printed.
  (Buffer.from(MARK).toString("hex").match(/../g) ?? []).join(" "),
  String(MARKED_NUMBER),
];
/** Cut to pieces: eight characters are enough to search for. */
const NEEDLES = FORMS.flatMap((form) => piecesOf(form, 8, 1));
/** Any eight characters of a form hold four that begin at a fifth: most texts hold none, and are not searched further. */
const ANCHORS = FORMS.flatMap((form) => piecesOf(form, 4, 5));

function piecesOf(form: string, length: number, step: number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at + length <= form.length; at += step) pieces.push(form.slice(at, at + length));
  return pieces;
}

/** The needles that stand in what an error, or a line, shows in any way. */
export function leaksIn(shown: unknown): readonly string[] {
  const text = typeof shown === "string" ? shown : everythingOf(shown);
  if (!ANCHORS.some((anchor) => text.includes(anchor))) return [];
  return NEEDLES.filter((needle) => text.includes(needle)).slice(0, 1);
}

function everythingOf(error: unknown): string {
  const whole = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity };
  const parts: unknown[] = [inspect(error, whole), inspect(error), String(error)];
  for (let each = error; each instanceof Error; each = each.cause)
    parts.push(
      each.message,
      each.stack,
      JSON.stringify(each),
      JSON.stringify(Object.values(each).map(String)),
    );
  return parts.join("\n").replaceAll("_", "");
}
