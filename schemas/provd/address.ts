import { isIPv4, isIPv6 } from "node:net"

const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * An address as it is stored and compared: an IPv4 address in dotted quads, also when it was written as an IPv6
 * address that holds one (RFC 4291, 2.5.5.2), else an IPv6 address in the form of RFC 5952. Undefined: it is none.
 * An address with a zone (`fe80::1%eth0`) is none: it means nothing on another machine.
 */
export const normalizeIp = (text: string): string | undefined => {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes("%")) return undefined
  const short = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  const [, high, low] = mapped.exec(short) ?? []
  if (high === undefined || low === undefined) return short
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return bits.flatMap((word) => [word >> 8, word & 0xff]).join(".")
}
