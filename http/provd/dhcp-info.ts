import { isIPv4 } from "node:net"
import { type JsonObject, normalizeMac } from "../../schemas/provd/device.ts"
import { isList } from "../../schemas/provd/json.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"

/** What a DHCP server tells; `message` says what is wrong with it. */
export type DhcpInfo =
  | { readonly kind: "commit"; readonly request: PhoneRequest }
  /** An address was given back, or its time is over: nothing to do. */
  | { readonly kind: "nothing" }
  | { readonly kind: "invalid"; readonly message: string }

/**
 * Reads the `dhcp_info` of a request (contracts/provisioning.md 6.2). An option is written as three decimal digits,
 * its code, and behind them its bytes in hex with dots between them: `06043.69.73.63.6f` is option 60, `Cisco`.
 */
export const dhcpInfoOf = ({ op, ip, mac, options }: JsonObject): DhcpInfo => {
  if (op !== "commit" && op !== "expiry" && op !== "release") return invalid("op: commit, expiry or release")
  if (typeof ip !== "string" || !isIPv4(ip)) return invalid("ip: an IPv4 address")
  if (op !== "commit") return { kind: "nothing" }
  const normalized = typeof mac === "string" ? normalizeMac(mac) : undefined
  if (normalized === undefined) return invalid("mac: a MAC address")
  if (!isList(options) || options.length > mostOptions) return invalid("options: a list")
  const read: Record<number, string> = {}
  for (const option of options) {
    const [code, text] = typeof option === "string" ? optionOf(option) : []
    if (code === undefined || text === undefined) return invalid("options: code and bytes, 06043.69.73.63.6f")
    read[code] = text
  }
  return {
    kind: "commit",
    request: {
      protocol: "dhcp",
      path: "",
      query: {},
      userAgent: "",
      address: ip,
      mac: normalized,
      options: read
    }
  }
}

/** DHCP has no more codes. */
const mostOptions = 256

const invalid = (message: string): DhcpInfo => ({ kind: "invalid", message: `dhcp_info.${message}` })

const optionOf = (text: string): readonly [code?: number, text?: string] => {
  const [, code, bytes] = /^(\d{3})((?:[0-9a-f]{1,2}(?:\.[0-9a-f]{1,2}){0,1023})?)$/i.exec(text) ?? []
  if (code === undefined || bytes === undefined || Number(code) > 255) return []
  return [
    Number(code),
    bytes === ""
      ? ""
      : Buffer.from(bytes.split(".").map((byte) => Number.parseInt(byte, 16))).toString("latin1")
  ]
}
