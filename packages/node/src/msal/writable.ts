/** A type of core's as MSAL's programs use it: they build a request field by field. The library never changes one. */
export type Writable<T> = { -readonly [Field in keyof T]: WritableList<T[Field]> };

type WritableList<T> = T extends readonly (infer Item)[] ? Item[] : T;
