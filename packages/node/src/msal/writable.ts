/**
 * Makes the fields of a core type writable, because programs for MSAL build requests field by field. The library
 * never changes a request.
 */
export type Writable<T> = { -readonly [Field in keyof T]: WritableList<T[Field]> };

type WritableList<T> = T extends readonly (infer Item)[] ? Item[] : T;
