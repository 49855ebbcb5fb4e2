import { isIPv4 } from "node:net"
import { type DhcpGift, type DhcpMatch, type DhcpServer, dhcpRules } from "../phones/dhcp.ts"

export const dhcpFormats = ["isc", "kea", "dnsmasq"] as const
export type DhcpFormat = (typeof dhcpFormats)[number]

/** One kind of phones with what it is given, as it is written into each format. */
interface Rule {
  readonly name: string
  readonly match: DhcpMatch
  readonly gifts: ReadonlyArray<DhcpGift>
}

/**
 * What the DHCP server of a site includes, so that the phones of these plugins find their files. Where a phone wants an
 * address and the host of the URL is a name, that option is left out.
 */
export const dhcpConfig = (
  format: DhcpFormat,
  server: DhcpServer,
  plugins: ReadonlyArray<string>
): string => {
  const rules = dhcpRules
    .filter((rule) => rule.plugins.some((plugin) => plugins.includes(plugin)))
    .map(({ name, match, gifts }): Rule => ({ name, match, gifts: gifts(server).filter(isPossible) }))
    .filter(({ gifts }) => gifts.length > 0)
  return { isc, kea, dnsmasq }[format](rules)
}

const isPossible = (gift: DhcpGift): boolean => !("address" in gift) || isIPv4(gift.address)

const isc = (rules: ReadonlyArray<Rule>): string =>
  [
    "# Phones of Strowger, for dhcpd.conf of ISC DHCP: include this file at its top level.",
    "option strowger-tftp-addresses code 150 = array of ip-address;",
    "option strowger-default-url code 114 = text;",
    "option strowger-user-class code 77 = string;",
    ...rules.map(
      ({ name, match, gifts }) =>
        `\nclass "${name}" {\n  match if ${iscCondition(match)};\n${gifts.map((gift) => `  ${iscStatement(gift)}\n`).join("")}}`
    ),
    ""
  ].join("\n")

const iscCondition = ({ ouis = [], vendorClasses = [], userClasses = [] }: DhcpMatch): string =>
  [
    ...ouis.map((oui) => `substring(hardware, 1, 3) = ${oui}`),
    ...vendorClasses.map(
      (text) => `substring(option vendor-class-identifier, 0, ${text.length}) = "${text}"`
    ),
    ...userClasses.map((text) => `option strowger-user-class = "${text}"`)
  ].join("\n    or ")

const iscStatement = (gift: DhcpGift): string => {
  if ("boot" in gift) return `next-server ${gift.address}; filename "${gift.boot}";`
  switch (gift.option) {
    case 66:
      return `option tftp-server-name ${quoted(gift.text)};`
    case 114:
      return `option strowger-default-url ${quoted(gift.text)};`
    case 150:
      return `option strowger-tftp-addresses ${gift.address};`
    case 43:
      return `option vendor-encapsulated-options ${colonHex(bytesOf(gift))};`
  }
}

const kea = (rules: ReadonlyArray<Rule>): string =>
  `${JSON.stringify(
    {
      Dhcp4: {
        "option-def": [{ name: "strowger-tftp-addresses", code: 150, type: "ipv4-address", array: true }],
        "client-classes": rules.map(({ name, match, gifts }) => ({
          name,
          test: keaTest(match),
          ...Object.assign({}, ...gifts.map(keaBoot)),
          "option-data": gifts.flatMap(keaOption)
        }))
      }
    },
    null,
    2
  )}\n`

const keaTest = ({ ouis = [], vendorClasses = [], userClasses = [] }: DhcpMatch): string =>
  [
    ...ouis.map((oui) => `substring(pkt4.mac,0,3) == 0x${oui.replaceAll(":", "")}`),
    ...vendorClasses.map((text) => `substring(option[60].hex,0,${text.length}) == '${text}'`),
    ...userClasses.map((text) => `option[77].hex == '${text}'`)
  ].join(" or ")

const keaBoot = (gift: DhcpGift): object =>
  "boot" in gift ? { "next-server": gift.address, "boot-file-name": gift.boot } : {}

const keaOption = (gift: DhcpGift): ReadonlyArray<object> => {
  if ("boot" in gift) return []
  switch (gift.option) {
    case 66:
    case 114:
      // A comma separates fields.
      return [{ code: gift.option, "csv-format": false, data: hex(Buffer.from(gift.text)) }]
    case 150:
      return [{ code: 150, data: gift.address }]
    case 43:
      return [{ code: 43, "csv-format": false, data: hex(bytesOf(gift)) }]
  }
}

const dnsmasq = (rules: ReadonlyArray<Rule>): string =>
  [
    "# Phones of Strowger, for dnsmasq: put this file into its conf-dir.",
    ...rules.flatMap(({ name, match, gifts }) => [
      "",
      ...(match.ouis ?? []).map((oui) => `dhcp-mac=set:${name},${oui}:*:*:*`),
      ...(match.vendorClasses ?? []).map((text) => `dhcp-vendorclass=set:${name},${quotedIfOdd(text)}`),
      ...(match.userClasses ?? []).map((text) => `dhcp-userclass=set:${name},${quotedIfOdd(text)}`),
      ...gifts.map((gift) => dnsmasqLine(name, gift))
    ]),
    ""
  ].join("\n")

const dnsmasqLine = (tag: string, gift: DhcpGift): string => {
  if ("boot" in gift) return `dhcp-boot=tag:${tag},${gift.boot},,${gift.address}`
  switch (gift.option) {
    case 66:
    case 114:
      return `dhcp-option=tag:${tag},${gift.option},${quoted(gift.text)}`
    case 150:
      return `dhcp-option=tag:${tag},150,${gift.address}`
    case 43:
      return `dhcp-option=tag:${tag},43,${colonHex(bytesOf(gift))}`
  }
}

type Encapsulated = Extract<DhcpGift, { readonly option: 43 }>

/** Code, length and text of each sub-option (RFC 2132, 8.4); a plain text as it is. */
const bytesOf = (gift: Encapsulated): Buffer => {
  if ("text" in gift) return Buffer.from(gift.text)
  return Buffer.concat(
    gift.subOptions.map(([code, text]) => {
      const bytes = Buffer.from(text)
      return Buffer.concat([Buffer.from([code, bytes.length]), bytes])
    })
  )
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const colonHex = (bytes: Uint8Array): string => hex(bytes).replace(/..(?!$)/g, "$&:")

/** What would end a quoted text is no part of a URL. */
const quoted = (text: string): string => `"${text.replace(/["\\\r\n]/g, "")}"`

const quotedIfOdd = (text: string): string => (/^[\w.-]+$/.test(text) ? text : quoted(text))
