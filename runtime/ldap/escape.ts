/** A value inside a search filter: RFC 4515 3. */
export const escapeFilterValue = (value: string): string =>
  value.replace(/[\0()*\\]/g, (char) => `\\${hex(char)}`)

/** A value inside a distinguished name: RFC 4514 2.4. */
export const escapeDnValue = (value: string): string =>
  value
    .replace(/[\\"+,;<>=#]/g, (char) => `\\${char}`)
    .replaceAll("\0", "\\00")
    .replace(/^ | $/g, "\\20")

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, "0")
