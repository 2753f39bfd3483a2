/** One block of a PEM text (RFC 7468), in the form that OpenSSL reads. */
export interface PemBlock {
  readonly label: string;
  readonly text: string;
}

const BEGIN = "-----BEGIN ";
const END = "-----END ";
const DASHES = "-----";
/** A sequence in DER: keys, certificates and PKCS#12 stores all begin with it. */
const DER_SEQUENCE = 0x30;

/**
 * Returns the PEM blocks of a string. They may be surrounded by text, be on one line, have line breaks of any kind or escaped
 * ones (`\n`), or be base64-encoded as a whole. Base64 of DER without a frame is also accepted.
 *
 * @param bare labels to try for base64 without a frame
 */
export function pemBlocks(text: string, bare: readonly string[]): readonly PemBlock[] {
  if (text.includes(BEGIN)) return framedBlocks(text);
  const content = base64Content(text);
  if (!content) return [];
  if (content[0] === DER_SEQUENCE)
    return bare.map((label) => ({ label, text: framed(label, "", content.toString("base64")) }));
  return framedBlocks(content.toString("latin1"));
}

/** Whether a string is a credential itself, rather than the path of a file. */
export function holdsCredential(text: string): boolean {
  return text.includes(BEGIN) || base64Content(text) !== undefined;
}

/** Decodes base64 of DER or PEM. Returns `undefined` for anything else. */
export function base64Content(text: string): Buffer | undefined {
  const letters = text.replaceAll("\\n", "").replaceAll("\\r", "").replace(/\s/g, "");
  if (letters.length < 64 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(letters)) return undefined;
  const content = Buffer.from(letters, "base64");
  return content[0] === DER_SEQUENCE || content.includes(BEGIN) ? content : undefined;
}

/** Pairs each END with the last BEGIN before it, in linear time. */
function framedBlocks(text: string): readonly PemBlock[] {
  return text
    .split(END)
    .slice(0, -1)
    .flatMap((before) => {
      const begin = before.lastIndexOf(BEGIN);
      const labelEnd = begin < 0 ? -1 : before.indexOf(DASHES, begin + BEGIN.length);
      if (labelEnd < 0) return [];
      const label = before.slice(begin + BEGIN.length, labelEnd);
      const { headers, letters } = body(before.slice(labelEnd + DASHES.length));
      return [{ label, text: framed(label, headers, letters) }];
    });
}

const CIPHER = "DEK-Info:";

/** Splits a block into its base64 and, for a key in the traditional encrypted format, its headers (RFC 1421 §4.6). */
function body(text: string): { readonly headers: string; readonly letters: string } {
  const lines = text.replaceAll("\\r", "\n").replaceAll("\\n", "\n").replaceAll("\\", "");
  const cipher = lines.indexOf(CIPHER);
  if (cipher < 0) return { headers: "", letters: lines.replace(/\s/g, "") };
  const [parameters = "", ...rest] = lines
    .slice(cipher + CIPHER.length)
    .trim()
    .split(/\s/);
  return { headers: `Proc-Type: 4,ENCRYPTED\n${CIPHER} ${parameters}\n\n`, letters: rest.join("") };
}

function framed(label: string, headers: string, letters: string): string {
  const lines = letters.match(/.{1,64}/g) ?? [];
  return `${BEGIN}${label}${DASHES}\n${headers}${lines.join("\n")}\n${END}${label}${DASHES}\n`;
}
