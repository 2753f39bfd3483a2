import type { Script } from "./script.js";

/** A parameter of a command. Bytes arrive as they are. */
export type Word = string | Buffer;

/** A reply that has a value: strings are bytes. That a command answers `OK` says nothing. */
export type Reply = Buffer | number | null | readonly Reply[];

/** The library that the application's client is from. */
export type ClientLibrary = "redis" | "ioredis";

/** How the servers behind a client are arranged, as far as the client knows. */
export type ServerKind = "alone" | "cluster" | "sentinel";

/** A connection to Redis, whichever library the application has chosen. */
export interface RedisConnection {
  readonly library: ClientLibrary;
  readonly kind: ServerKind;
  /** Whether the application's client is in use: it has not been closed, and has not given up. */
  isOpen(): boolean;
  /** Sends a command to the master of its keys, which share a slot. */
  command(name: string, keys: readonly string[], rest?: readonly Word[]): Promise<Reply>;
  /** Runs a script at the master of its keys, which share a slot. */
  run(script: Script, keys: readonly string[], parameters: readonly Word[]): Promise<Reply>;
}

/** How one library sends a command: `words` begins with the command's name, and `key` decides on the server. */
export type Send = (key: string, words: readonly Word[]) => Promise<unknown>;
