import { wholeDocumentInSlices } from "../memory/load-and-dump.js";
import type { TokenMemory } from "../memory/token-memory.js";
import { LARGE, textInSlices } from "../schema/in-slices.js";

/** The text that the memory was loaded from or saved as, which need not be parsed or written again. */
export class HeldText {
  readonly #memory: TokenMemory;
  #held: { readonly text: string; readonly revision: number } | undefined;

  constructor(memory: TokenMemory) {
    this.#memory = memory;
  }

  /** The text of the memory as it is, if it is known. */
  get current(): string | undefined {
    return this.#held?.revision === this.#memory.revision ? this.#held.text : undefined;
  }

  /** Notes the text of the memory as it is. */
  set(text: string | undefined): void {
    this.#held = text ? { text, revision: this.#memory.revision } : undefined;
  }

  /** Writes a large memory that has changed, in slices. A change meanwhile belongs to the next save. */
  prepare(): Promise<void> | undefined {
    const { revision } = this.#memory;
    if (!this.#held || this.#held.revision === revision || this.#held.text.length < LARGE) return undefined;
    return this.#write(revision);
  }

  async #write(revision: number): Promise<void> {
    try {
      const text = await textInSlices(await wholeDocumentInSlices(this.#memory));
      if (this.#memory.revision === revision) this.set(text);
    } catch {
      // What cannot be written is reported when the plugin asks for the text.
    }
  }
}
