import type { IncomingMessage } from "node:http"
import { isIP } from "node:net"

/**
 * The address of the phone (contracts/provisioning.md, section 2 and 8.2): of the socket, or behind N trusted proxies
 * the N-th entry from the right of X-Forwarded-For, the first one where there are fewer. What is no address there
 * counts as absent.
 */
export const phoneAddress = (request: IncomingMessage, trustedProxies: number): string => {
  const socket = plainAddress(request.socket.remoteAddress ?? "")
  if (trustedProxies === 0) return socket
  const header = request.headers["x-forwarded-for"]
  if (header === undefined) return socket
  // Node joins a repeated X-Forwarded-For with commas.
  const entries = String(header).split(",")
  const entry = plainAddress((entries.at(-trustedProxies) ?? entries[0] ?? "").trim())
  return isIP(entry) === 0 ? socket : entry
}

/** `::ffff:192.0.2.1` as `192.0.2.1`; IPv6 in lower case. */
const plainAddress = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "").toLowerCase()
