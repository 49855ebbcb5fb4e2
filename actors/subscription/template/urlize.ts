/** What `urlize` may be told. */
export interface Links {
  /** The longest that a link may read. */
  readonly limit: number | undefined
  readonly attributes: string
}

/** Makes links of the addresses in a text that is escaped already (Jinja 3.1). */
export const linked = (text: string, links: Links): string =>
  text
    .split(/(\s+)/)
    .map((word) => linkedWord(word, links))
    .join("")

const linkedWord = (word: string, links: Links): string => {
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? ""
  const rest = word.slice(head.length)
  const tail = /(?:[.,)>\n]|&gt;)+$/.exec(rest)?.[0] ?? ""
  const closing = [...tail].filter((char) => char === ")").length
  const open = (rest.slice(0, rest.length - tail.length).match(/\(/g) ?? []).length
  // A parenthesis that the address itself has opened belongs to it.
  const own = Math.min(open, closing)
  const middle = rest.slice(0, rest.length - tail.length) + ")".repeat(own)
  return head + (link(middle, links) ?? middle) + tail.replace(")".repeat(own), "")
}

const web = /^(?:https?:\/\/|www\.)[\w-]+(?:\.[\w-]+)*(?::\d+)?(?:[/?#]\S*)?$/i
const domain = /^[\w-]+(?:\.[\w-]+)*\.(?:com|net|int|edu|gov|org|info|mil)(?:[/?#]\S*)?$/i
const mail = /^(?:mailto:)?[^\s@<>&]+@[\w-]+(?:\.[\w-]+)+$/

const link = (text: string, { limit, attributes }: Links): string | undefined => {
  const shown = limit !== undefined && text.length > limit ? `${text.slice(0, limit)}...` : text
  if (web.test(text)) {
    const target = /^https?:/i.test(text) ? text : `https://${text}`
    return `<a href="${target}"${attributes}>${shown}</a>`
  }
  if (domain.test(text)) return `<a href="https://${text}"${attributes}>${shown}</a>`
  if (!mail.test(text)) return undefined
  const address = text.replace(/^mailto:/, "")
  return `<a href="mailto:${address}">${address}</a>`
}
