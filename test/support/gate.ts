/** Something that waits until it is let through. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A gate, closed at first. */
export function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
