/** Version of every package of this release, as in its package.json. */
export const version = "0.1.0";
