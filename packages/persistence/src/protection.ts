/** How the content of the file is protected. */
export interface Protection {
  /** Each kind of protection has a file of its own: none is ever read as another. */
  readonly fileName: string;
  /**
   * Makes the text of the cache of the file's content.
   *
   * @throws PersistenceError when it cannot be told whether the content is readable; it is left alone then
   */
  open(content: Buffer): Promise<Opened>;
  /**
   * Makes the file's content of the text of the cache.
   *
   * @param isFirst whether there is no file, or none any more
   */
  seal(text: string, isFirst?: boolean): Promise<string | Buffer>;
}

/** What {@link Protection.open} found. */
export type Opened = { readonly text: string } | { readonly unreadable: "corrupt" | "key_lost" };
