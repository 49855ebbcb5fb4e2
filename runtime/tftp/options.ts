/** What a transfer goes by. */
export interface TransferTerms {
  /** Bytes of content in a DATA packet. */
  readonly blockSize: number
  /** Packets sent before an acknowledgement is waited for (RFC 7440). */
  readonly windowSize: number
  /** Milliseconds after which what was not acknowledged is sent again. */
  readonly timeout: number
  /** The options to acknowledge, in the order they came; empty: none was accepted, no OACK is sent. */
  readonly accepted: ReadonlyMap<string, string>
}

const defaultBlockSize = 512
const defaultTimeout = 4_000

/** More on their way at once helps nobody: a phone's buffer is small. Packets and bytes. */
const largestWindow = 64
const largestWindowBytes = 256 * 1_024

/**
 * Settles the options of a request (RFC 2347 to 2349, RFC 7440; contracts/provisioning.md, section 9). An option that
 * is unknown or has a value out of range is dropped and the transfer goes on without it.
 */
export const settleOptions = (asked: ReadonlyMap<string, string>, size: number): TransferTerms => {
  const accepted = new Map<string, string>()
  const terms = { blockSize: defaultBlockSize, windowSize: 1, timeout: defaultTimeout, accepted }
  for (const [name, value] of asked) {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : undefined
    if (number === undefined) continue
    switch (name) {
      case "blksize":
        if (number < 8 || number > 65_464) break
        terms.blockSize = number
        accepted.set(name, String(number))
        break
      case "timeout":
        if (number < 1 || number > 255) break
        terms.timeout = number * 1_000
        accepted.set(name, String(number))
        break
      case "tsize":
        accepted.set(name, String(size))
        break
      case "windowsize":
        if (number < 1 || number > 65_535) break
        terms.windowSize = Math.min(number, largestWindow)
        accepted.set(name, "")
        break
      default:
    }
  }
  if (accepted.has("windowsize")) {
    const fitting = Math.max(1, Math.floor(largestWindowBytes / terms.blockSize))
    terms.windowSize = Math.min(terms.windowSize, fitting)
    accepted.set("windowsize", String(terms.windowSize))
  }
  return terms
}
