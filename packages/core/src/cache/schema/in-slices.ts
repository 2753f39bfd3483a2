import { isObject } from "../../encoding.js";
import { setMember, type CacheDocument } from "./document.js";
import { SECTIONS } from "./schema.js";

/*
 * A cache of fifty megabytes takes a third of a second to parse, in which a server answers nobody. So it is parsed, read
 * and written in slices, between which others have their turn.
 */

/** The length in characters from which a cache is processed in slices. */
export const LARGE = 1_000_000;

/** The length of a slice in characters: about a millisecond. */
const SLICE = 128 * 1024;

/** The number of entities of a slice. */
const ENTITIES = 250;

/** Lets others have their turn. */
export const pause = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Whether text has to be processed in slices, and looks like a document. */
export function isLarge(text: string): boolean {
  return text.length >= LARGE && /^\ufeff?\s{0,9}\{/.test(text) && /\}\s{0,9}$/.test(text.slice(-10));
}

/**
 * Parses the text of a document like `JSON.parse`. Returns `undefined` for text that is not valid, and may do so for valid
 * text: `JSON.parse` decides then. Each slice consists of whole members of an object and is parsed as an object of its own;
 * since the slices, joined by commas, are the text, the text is valid if all of them are.
 */
export async function parseInSlices(text: string): Promise<CacheDocument | undefined> {
  const document: CacheDocument = {};
  let at = skipSpace(text, text.startsWith("\ufeff") ? 1 : 0);
  if (text[at] !== "{") return undefined;
  const first = skipSpace(text, at + 1);
  if (text[first] === "}") return skipSpace(text, first + 1) === text.length ? document : undefined;
  do {
    const start = skipSpace(text, at + 1);
    const nameEnd = endOfString(text, start);
    const colon = skipSpace(text, nameEnd);
    const value = skipSpace(text, colon + 1);
    if (text[start] !== '"' || nameEnd < 0 || text[colon] !== ":") return undefined;
    const name = parsed(text.slice(start, nameEnd));
    if (typeof name !== "string") return undefined;
    if (text[value] === "{") {
      const section: Record<string, unknown> = {};
      const end = await parseMembers(text, value, section);
      if (end < 0) return undefined;
      setMember(document, name, section);
      at = skipSpace(text, end + 1);
    } else {
      at = endOfMembers(text, value, 0);
      const member = at < 0 ? undefined : parsed(text.slice(value, at));
      if (member === undefined) return undefined;
      setMember(document, name, member);
    }
  } while (text[at] === ",");
  const isWhole = text[at] === "}" && skipSpace(text, at + 1) === text.length;
  return isWhole ? document : undefined;
}

/**
 * Parses the members of an object in slices.
 *
 * @param open index of its opening brace
 * @returns the index of its closing brace; -1 if it is not valid
 */
async function parseMembers(text: string, open: number, into: Record<string, unknown>): Promise<number> {
  let start = open + 1;
  if (text[skipSpace(text, start)] === "}") return skipSpace(text, start);
  for (;;) {
    const end = endOfMembers(text, start, SLICE);
    if (end < 0) return -1;
    const members = parsed(`{${text.slice(start, end)}}`);
    if (!isObject(members)) return -1;
    const names = Object.keys(members);
    if (names.length === 0) return -1;
    for (const name of names) setMember(into, name, members[name]);
    if (text[end] === "}") return end;
    start = end + 1;
    await pause();
  }
}

/**
 * Returns a document as text, like `JSON.stringify`. The text is concatenated, not joined: V8 copies it only when it is used as
 * a whole, which takes as long as all the rest.
 */
export async function textInSlices(document: CacheDocument): Promise<string> {
  let text = "";
  for (const [name, section] of Object.entries(document)) {
    const start = `${text === "" ? "{" : ","}${JSON.stringify(name)}:`;
    if (isObject(section)) {
      text += `${start}{`;
      let separator = "";
      for await (const slice of slicesOf(section)) {
        const members = JSON.stringify(slice).slice(1, -1);
        if (members === "") continue;
        text += separator;
        text += members;
        separator = ",";
      }
      text += "}";
    } else {
      const value: string | undefined = JSON.stringify(section);
      if (value !== undefined) text += start + value;
    }
  }
  return text === "" ? "{}" : `${text}}`;
}

/** Returns parts of a document that together have all of it. An unknown section is not divided. */
export async function* partsOf(document: CacheDocument): AsyncIterable<CacheDocument> {
  for (const [name, section] of Object.entries(document)) {
    const isKnown = SECTIONS.some((known) => known === name);
    if (!isKnown || !isObject(section)) yield setMember({}, name, section);
    else for await (const slice of slicesOf(section)) yield setMember({}, name, slice);
  }
}

async function* slicesOf(section: Record<string, unknown>): AsyncIterable<Record<string, unknown>> {
  const names = Object.keys(section);
  for (let first = 0; first < names.length; first += ENTITIES) {
    const slice: Record<string, unknown> = {};
    for (const name of names.slice(first, first + ENTITIES)) setMember(slice, name, section[name]);
    yield slice;
    await pause();
  }
}

/**
 * Returns the index of the end of an object's members, or of the first comma between them after a number of characters; -1
 * if there is none.
 */
function endOfMembers(text: string, start: number, least: number): number {
  let depth = 0;
  for (let at = start; at >= 0 && at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return at;
      depth -= 1;
    } else if (code === COMMA && depth === 0 && at - start >= least) return at;
    if (at < 0) return -1;
  }
  return -1;
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Returns the index after a string; -1 if it does not end. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = at;
    while (text.charCodeAt(escapes - 1) === BACKSLASH) escapes -= 1;
    if ((at - escapes) % 2 === 0) return at + 1;
  }
  return -1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at += 1;
  return at;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
