/** What a request says, in a line of the log: it must not end the line. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, "?").slice(0, 512)
