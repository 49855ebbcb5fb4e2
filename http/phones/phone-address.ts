import type { IncomingMessage } from "node:http"
import { normalizeIp } from "../../schemas/provd/address.ts"

/**
 * The address of the phone (contracts/provisioning.md, section 2 and 8.2): of the socket, or behind N trusted proxies
 * the N-th entry from the right of X-Forwarded-For, the first one where there are fewer. What is no address there
 * counts as absent.
 */
export const phoneAddress = (request: IncomingMessage, trustedProxies: number): string => {
  const remote = request.socket.remoteAddress ?? ""
  const socket = normalizeIp(remote) ?? remote
  if (trustedProxies === 0) return socket
  const header = request.headers["x-forwarded-for"]
  if (header === undefined) return socket
  // Node joins a repeated X-Forwarded-For with commas.
  const entries = String(header).split(",")
  return normalizeIp((entries.at(-trustedProxies) ?? entries[0] ?? "").trim()) ?? socket
}
