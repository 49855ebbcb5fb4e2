import { lookup } from "node:dns/promises"
import { BlockList, isIP } from "node:net"

/** How far the guard goes (contracts/webhooks.md 15.6). */
export type GuardProfile = "compatible" | "strict" | "off"

export interface Guard {
  readonly profile: GuardProfile
  /** Refuses plain http, whoever asks. */
  readonly httpsOnly: boolean
  /** CIDR, host or `host:port`. */
  readonly allow: ReadonlyArray<string>
  /** As `allow`, and wins over it. */
  readonly deny: ReadonlyArray<string>
  /** Addresses and ports of this runtime's own listeners. */
  readonly own: ReadonlyArray<string>
  /** All addresses of a name; by default those that the system knows. */
  readonly lookup?: (host: string) => Promise<ReadonlyArray<string>>
}

/** Who asks for the call: a user's own subscription is trusted less than an administrator's. */
export interface Asker {
  readonly owned: boolean
  readonly inMasterTenant: boolean
}

export type Verdict =
  | {
      readonly type: "allowed"
      readonly addresses: ReadonlyArray<{ readonly address: string; readonly family: 4 | 6 }>
    }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "unresolved"; readonly reason: string }

/**
 * Resolves the host of a URL and judges every address it has (contracts/webhooks.md 15.6). One refused address
 * refuses the host; the caller must connect to one of the answered addresses and to no other.
 */
export const judge = async (url: URL, guard: Guard, asker: Asker): Promise<Verdict> => {
  if (guard.httpsOnly && url.protocol !== "https:") {
    return { type: "refused", reason: "nothing but https may be called" }
  }
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "")
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80))
  const found = await resolve(host, guard.lookup ?? systemLookup)
  if (typeof found === "string") return { type: "unresolved", reason: found }
  for (const { address } of found) {
    const reason = refusal({ host, port, address }, guard, asker)
    if (reason !== undefined) return { type: "refused", reason: `${host} is ${reason}` }
  }
  return { type: "allowed", addresses: found }
}

interface Target {
  readonly host: string
  readonly port: number
  readonly address: string
}

type AddressClass = "loopback" | "link-local" | "private" | "reserved" | "public"

const refusal = (target: Target, guard: Guard, asker: Asker): string | undefined => {
  if (listed(target, guard.deny)) return "denied by the configuration"
  if (guard.profile === "off" || listed(target, guard.allow)) return undefined
  const kind = classOf(target.address)
  const guarded = guard.profile === "strict" ? asker.owned || !asker.inMasterTenant : asker.owned
  const sentences: Readonly<Record<Exclude<AddressClass, "public">, boolean>> = {
    loopback: guarded,
    "link-local": true,
    private: guarded && guard.profile === "strict",
    reserved: true
  }
  if (kind !== "public" && sentences[kind]) return `a ${kind} address`
  return guarded && listed(target, guard.own) ? "this runtime itself" : undefined
}

const systemLookup = async (host: string): Promise<ReadonlyArray<string>> =>
  (await lookup(host, { all: true, order: "ipv4first" })).map(({ address }) => address)

const resolve = async (
  host: string,
  addressesOf: (host: string) => Promise<ReadonlyArray<string>>
): Promise<ReadonlyArray<{ readonly address: string; readonly family: 4 | 6 }> | string> => {
  const family = isIP(host)
  if (family === 4 || family === 6) return [{ address: host, family }]
  try {
    const found = await addressesOf(host)
    if (found.length === 0) return `${host} has no address`
    return found.map((address) => ({ address, family: isIP(address) === 6 ? 6 : 4 }))
  } catch (error) {
    return `${host} cannot be resolved: ${error instanceof Error && "code" in error ? String(error.code) : "unknown"}`
  }
}

const blocks = (ranges: ReadonlyArray<string>): BlockList => {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  return list
}

const addRange = (list: BlockList, range: string): boolean => {
  const [address = "", bits] = range.split("/")
  const family = isIP(address)
  if (family === 0) return false
  list.addSubnet(address, Number(bits ?? (family === 6 ? 128 : 32)), family === 6 ? "ipv6" : "ipv4")
  return true
}

/** IANA special-purpose address registries. */
const classes: ReadonlyArray<readonly [AddressClass, BlockList]> = [
  ["loopback", blocks(["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"])],
  ["link-local", blocks(["169.254.0.0/16", "fe80::/10"])],
  ["private", blocks(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"])],
  [
    "reserved",
    blocks([
      "192.0.0.0/24",
      "192.0.2.0/24",
      "192.88.99.0/24",
      "198.18.0.0/15",
      "198.51.100.0/24",
      "203.0.113.0/24",
      "224.0.0.0/4",
      "240.0.0.0/4",
      "100::/64",
      "2001:db8::/32",
      "2001:2::/48",
      "ff00::/8",
      "fec0::/10"
    ])
  ]
]

const classOf = (address: string): AddressClass => {
  const plain = embedded(address)
  const family = isIP(plain) === 6 ? "ipv6" : "ipv4"
  return classes.find(([, list]) => list.check(plain, family))?.[0] ?? "public"
}

/** The IPv4 address inside an IPv6 one: mapped, translated (NAT64) or 6to4. */
const embedded = (address: string): string => {
  if (isIP(address) !== 6) return address
  const groups = expand(address)
  const ipv4 = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  if (groups.slice(0, 5).every((group) => group === 0) && (groups[5] === 0xffff || groups[5] === 0)) {
    return (groups[6] ?? 0) === 0 && (groups[7] ?? 0) <= 1 && groups[5] === 0
      ? address
      : ipv4(groups[6], groups[7])
  }
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return ipv4(groups[6], groups[7])
  return groups[0] === 0x2002 ? ipv4(groups[1], groups[2]) : address
}

const expand = (address: string): ReadonlyArray<number> => {
  const hex = address
    .replace(/%.*$/, "")
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
      [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":")
    )
  const [head = "", tail] = hex.split("::")
  const groups = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

const listed = ({ host, port, address }: Target, entries: ReadonlyArray<string>): boolean =>
  entries.some((entry) => {
    if (entry === host || entry === address) return true
    if (entry === `${host}:${port}` || entry === `${address}:${port}`) return true
    const list = new BlockList()
    return addRange(list, entry) && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")
  })
