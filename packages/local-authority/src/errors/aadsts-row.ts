/** How an AADSTS code is sent: `error`, description, HTTP status (400 if absent), `suberror`. */
export type AadstsRow = readonly [error: string, text: string, status?: 400 | 401 | 404, suberror?: string];
