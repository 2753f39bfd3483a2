/** A way to protect the cache file. */
export interface Protection {
  /** Name of the cache file; differs for each kind of protection. */
  readonly fileName: string;
  /**
   * Decodes the file's content.
   *
   * @throws PersistenceError if the content may be readable in other circumstances; the file is then left unchanged
   */
  open(content: Buffer): Promise<OpenResult>;
  /**
   * Encodes the serialized cache for the file.
   *
   * @param isFirst whether there is currently no file
   */
  seal(text: string, isFirst?: boolean): Promise<string | Buffer>;
}

/** The result of {@link Protection.open}. */
export type OpenResult = { readonly text: string } | { readonly unreadable: "corrupt" | "key_lost" };
