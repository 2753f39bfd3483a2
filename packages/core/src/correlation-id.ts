const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));

/**
 * Number of ids that share all but their first two digits. Generating a new tail for each id would add a sixth to a
 * cache hit.
 */
const IDS_PER_TAIL = 256;

/** Odd, and 256 divided by the golden ratio: heads do not repeat under a tail, and consecutive ids look different. */
const STEP = 0x9d;

let head = 0;
let tail = "";
let left = 0;

/**
 * Returns a new GUID (RFC 9562 §5.4) that identifies a call in logs. It must be unique but not unguessable, so that a
 * cache hit does not load `node:crypto`. For `state` and `nonce`, use `newGuid`.
 */
export function newCorrelationId(): string {
  if (left === 0) renewTail();
  left -= 1;
  head += STEP;
  return twoDigits(head) + tail;
}

function renewTail(): void {
  head = random32();
  tail = newTail();
  left = IDS_PER_TAIL;
}

/** Generates the part after the first two digits: version 4, variant 10, and 114 random bits. */
function newTail(): string {
  const [a, b, c, d] = [random32(), random32(), random32(), random32()];
  const versioned = hex(b >>> 16) + "-" + hex((b & 0x0fff) | 0x4000);
  const start = twoDigits(a) + hex(a >>> 16);
  return `${start}-${versioned}-${hex(((c >>> 16) & 0x3fff) | 0x8000)}-${hex(c)}${hex(d >>> 16)}${hex(d)}`;
}

const random32 = (): number => (Math.random() * 2 ** 32) >>> 0;

/** Formats the lower 16 bits as four hexadecimal digits. */
const hex = (value: number): string => twoDigits(value >>> 8) + twoDigits(value);

const twoDigits = (value: number): string => HEX[value & 0xff] ?? "";
