/** Where phones of a vendor are sent, as far as the DHCP server of the site can tell them. */
export interface DhcpServer {
  /** The URL that phones fetch files from, without a slash at the end. */
  readonly url: string
  /** Its host, for phones that know TFTP alone. */
  readonly host: string
}

/** What a DHCP server gives: an option by its code, or the boot file of the TFTP server. */
export type DhcpGift =
  | { readonly option: 66 | 114; readonly text: string }
  | { readonly option: 150; readonly address: string }
  /** Vendor encapsulated options: plain text, or sub-options by code. */
  | { readonly option: 43; readonly text: string }
  | { readonly option: 43; readonly subOptions: ReadonlyArray<readonly [code: number, text: string]> }
  | { readonly boot: string; readonly address: string }

/** Which phones a rule is for: any of these will do. */
export interface DhcpMatch {
  /** First three bytes of the MAC address, `00:15:65`. */
  readonly ouis?: ReadonlyArray<string>
  /** What the vendor class (option 60) begins with. */
  readonly vendorClasses?: ReadonlyArray<string>
  /** What the user class (option 77) is. */
  readonly userClasses?: ReadonlyArray<string>
}

/** What the DHCP server gives to some phones. */
export interface DhcpRule {
  /** Unique; letters, digits and dashes. */
  readonly name: string
  /** The bundled plugins that serve these phones. */
  readonly plugins: ReadonlyArray<string>
  readonly match: DhcpMatch
  readonly gifts: (server: DhcpServer) => ReadonlyArray<DhcpGift>
}

const url66 =
  (path = "") =>
  ({ url }: DhcpServer): ReadonlyArray<DhcpGift> => [{ option: 66, text: `${url}${path}` }]

/** Technicolor phones name their model in the user class and fetch the settings of that model. */
const technicolor = (model: string): DhcpRule => ({
  name: `strowger-technicolor-${model.toLowerCase()}`,
  plugins: ["strowger-technicolor"],
  match: { userClasses: [`Thomson ${model}`] },
  gifts: ({ url }) => [{ option: 43, text: `${url}/${model}.inf` }]
})

const yealinkOuis =
  "00:15:65 e4:34:d7 80:5e:c0 80:5e:0c 24:9a:d8 44:db:d2 64:4f:56 ec:1d:a9 34:97:d7 b0:61:a9 c4:fc:22 f0:16:53".split(
    " "
  )

/** What the DHCP server of a site hands out (contracts/provisioning-vendors.md, table 1). */
export const dhcpRules: ReadonlyArray<DhcpRule> = [
  {
    name: "strowger-yealink",
    plugins: ["strowger-yealink"],
    match: {
      ouis: yealinkOuis
    },
    gifts: url66()
  },
  {
    name: "strowger-snom",
    plugins: ["strowger-snom", "strowger-snom-dect"],
    match: { ouis: ["00:04:13", "00:08:7b"], vendorClasses: ["snom"] },
    gifts: url66()
  },
  {
    name: "strowger-polycom",
    plugins: ["strowger-polycom"],
    match: { ouis: ["00:04:f2", "64:16:7f", "48:25:67"] },
    gifts: url66("/000000000000.cfg")
  },
  {
    name: "strowger-cisco-spa",
    plugins: ["strowger-cisco-spa"],
    match: {
      ouis: ["00:26:99"],
      vendorClasses: ["Cisco SPA", "CISCO SPA", "Cisco Systems, Inc. IP Phone SPA"]
    },
    gifts: url66("/spa$PSN.cfg")
  },
  {
    name: "strowger-linksys-spa",
    plugins: ["strowger-cisco-spa"],
    match: { vendorClasses: ["LINKSYS SPA"] },
    gifts: ({ host }) => [{ option: 66, text: host }]
  },
  {
    name: "strowger-cisco-sep",
    plugins: ["strowger-cisco-sep", "strowger-cisco-spa"],
    match: {
      vendorClasses: [
        "Cisco Systems, Inc. IP Phone CP-79",
        "Cisco Systems, Inc. IP Phone 79",
        "Cisco Systems, Inc. IP Phone CP-89",
        "Cisco ATA190"
      ]
    },
    gifts: ({ host }) => [
      { option: 66, text: host },
      { option: 150, address: host }
    ]
  },
  {
    name: "strowger-cisco-mpp",
    plugins: ["strowger-cisco-mpp"],
    match: {
      ouis: ["d0:ec:35"],
      vendorClasses: ["68", "78", "88"].map((series) => `Cisco Systems, Inc. IP Phone CP-${series}`)
    },
    gifts: url66()
  },
  {
    name: "strowger-aastra",
    plugins: ["strowger-aastra"],
    match: { vendorClasses: ["AastraIPPhone"] },
    gifts: ({ url }) => [
      {
        option: 43,
        subOptions: [
          [2, `${url}/Aastra`],
          // Not to ask the vendor's own redirection service: a boolean of one byte.
          [3, "\0"]
        ]
      }
    ]
  },
  {
    name: "strowger-aastra-by-address",
    plugins: ["strowger-aastra"],
    match: { ouis: ["00:08:5d", "08:00:0f", "14:00:e9"] },
    gifts: url66("/Aastra")
  },
  ...["ST2022S", "ST2030S", "TB30S"].map(technicolor),
  {
    name: "strowger-grandstream",
    plugins: ["strowger-grandstream"],
    match: { ouis: ["00:0b:82", "c0:74:ad", "ec:74:d7"] },
    gifts: url66("/Grandstream")
  },
  {
    name: "strowger-fanvil",
    plugins: ["strowger-fanvil"],
    match: { ouis: ["00:a8:59", "0c:38:3e"] },
    gifts: ({ url }) => [
      { option: 66, text: `${url}/Fanvil/$mac.cfg` },
      { option: 43, text: `${url}/Fanvil/$mac.cfg` }
    ]
  },
  {
    name: "strowger-gigaset",
    plugins: ["strowger-gigaset", "strowger-gigaset-c"],
    match: { ouis: ["7c:2f:80", "00:21:04", "58:9e:c6"], vendorClasses: ["Gigaset_"] },
    gifts: ({ url }) => [{ option: 114, text: url }]
  },
  {
    name: "strowger-panasonic",
    plugins: ["strowger-panasonic"],
    match: { vendorClasses: ["Panasonic"] },
    gifts: url66("/")
  },
  {
    name: "strowger-htek",
    plugins: ["strowger-htek"],
    match: { ouis: ["00:1f:c1"] },
    gifts: url66()
  },
  {
    name: "strowger-alcatel-noe",
    plugins: ["strowger-alcatel"],
    match: { vendorClasses: ["alcatel.noe.0"] },
    gifts: ({ host }) => [{ boot: "sipconfig.txt", address: host }]
  },
  {
    name: "strowger-alcatel-sip",
    plugins: ["strowger-alcatel"],
    match: { vendorClasses: ["alcatel.sip.0"] },
    gifts: ({ url }) => [{ option: 43, subOptions: [[67, url]] }]
  },
  {
    name: "strowger-alcatel-lucent",
    plugins: ["strowger-alcatel-lucent"],
    match: { vendorClasses: ["aledevice", "ictouch.0", "alcatel.ictouch.0"] },
    gifts: ({ url }) => [{ option: 43, subOptions: [[66, url]] }]
  }
]
