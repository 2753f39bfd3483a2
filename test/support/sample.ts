/** Whether tables of tests run in full: with `TABLES=all`. */
export const isFull = process.env["TABLES"] === "all";

/**
 * Whether a row of a table belongs to the sample, which is the same in each run: one in three.
 *
 * @param name what the row is about
 * @param place number of the place in which it is tried: of three places in succession, each name is tried in one
 */
export function inSample(name: string, place = 0): boolean {
  const sum = [...name].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return isFull || (sum + place) % 3 === 0;
}
