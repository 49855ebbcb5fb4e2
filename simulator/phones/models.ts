/** A file that a phone asks for while it boots. */
export interface BootRequest {
  readonly path: string
  /** Whether the phone cannot work without it. */
  readonly needed: boolean
  /** Whether it holds the accounts of this very phone. */
  readonly own?: boolean
}

/** How phones of a model boot. */
export interface PhoneModel {
  /** As on the command line. */
  readonly name: string
  readonly protocol: "http" | "tftp"
  /** First three bytes of its MAC addresses. */
  readonly oui: string
  readonly userAgent: (mac: Mac) => string
  readonly boot: (mac: Mac) => ReadonlyArray<BootRequest>
}

/** A MAC address in the spellings of the vendors. */
export interface Mac {
  /** `805ec0aabbcc` */
  readonly lower: string
  /** `805EC0AABBCC` */
  readonly upper: string
  /** `80:5e:c0:aa:bb:cc` */
  readonly colons: string
  /** `80-5E-C0-AA-BB-CC` */
  readonly dashes: string
}

/** The n-th MAC address of a vendor. */
export const macOf = (oui: string, index: number): Mac => {
  const lower = oui + index.toString(16).padStart(6, "0")
  const pairs = lower.match(/../g) ?? []
  return {
    lower,
    upper: lower.toUpperCase(),
    colons: pairs.join(":"),
    dashes: pairs.join("-").toUpperCase()
  }
}

const needed = (path: string): BootRequest => ({ path, needed: true })
const own = (path: string): BootRequest => ({ path, needed: true, own: true })
const tried = (path: string): BootRequest => ({ path, needed: false })

/** One model of each vendor, with what it says and asks for (contracts/provisioning-vendors.md). */
export const phoneModels: ReadonlyArray<PhoneModel> = [
  {
    name: "yealink",
    protocol: "http",
    oui: "805ec0",
    userAgent: ({ colons }) => `Yealink SIP-T46S 66.86.0.15 ${colons}`,
    boot: ({ lower }) => [tried("/y000000000066.cfg"), own(`/${lower}.cfg`)]
  },
  {
    name: "snom",
    protocol: "http",
    oui: "000413",
    userAgent: ({ upper }) =>
      `Mozilla/4.0 (compatible; snomD785-SIP 10.1.198.19 2010.12-00004-g9ba52f5 ${upper} SXM:0 UXM:0)`,
    boot: ({ upper }) => [
      tried(`/snomD785.htm?mac=${upper}`),
      needed(`/snomD785-${upper}.htm`),
      own(`/${upper}.xml`)
    ]
  },
  {
    name: "polycom",
    protocol: "http",
    oui: "0004f2",
    userAgent: () => "FileTransport PolycomVVX-VVX_411-UA/5.9.2.3446 Type/Application",
    boot: ({ lower }) => [
      tried(`/${lower}.cfg`),
      needed("/000000000000.cfg"),
      own(`/${lower}-user.cfg`),
      needed("/common.cfg")
    ]
  },
  {
    name: "cisco-spa",
    protocol: "http",
    oui: "002699",
    userAgent: ({ upper }) => `Cisco/SPA508G-7.4.4 (${upper})(CBT${upper.slice(4)})`,
    boot: ({ lower }) => [needed("/spa508G.cfg"), own(`/${lower}.xml`)]
  },
  {
    name: "cisco-mpp",
    protocol: "http",
    oui: "d0ec35",
    userAgent: ({ lower }) => `Cisco-CP-8841-3PCC/11.3.1 (${lower})`,
    boot: ({ lower }) => [tried("/CP-8841-3PCC.xml"), own(`/${lower}.xml`)]
  },
  {
    name: "cisco-sep",
    protocol: "tftp",
    oui: "001e7a",
    userAgent: () => "",
    boot: ({ upper }) => [
      tried(`/CTLSEP${upper}.tlv`),
      tried(`/ITLSEP${upper}.tlv`),
      own(`/SEP${upper}.cnf.xml`)
    ]
  },
  {
    name: "aastra",
    protocol: "http",
    oui: "00085d",
    userAgent: ({ dashes }) => `Aastra6867i MAC:${dashes} V:5.1.0.1024-SIP`,
    boot: ({ upper }) => [
      needed("/Aastra/aastra.cfg"),
      own(`/Aastra/${upper}.cfg`),
      tried("/Aastra/6867i.cfg"),
      tried("/Aastra/security.tuz")
    ]
  },
  {
    name: "technicolor",
    protocol: "http",
    oui: "00147f",
    userAgent: ({ dashes }) => `THOMSON ST2030 hw5 fw2.74 ${dashes}`,
    boot: ({ upper }) => [needed("/ST2030S.inf"), own(`/ST2030S_${upper}.txt`)]
  },
  {
    name: "grandstream",
    protocol: "http",
    oui: "000b82",
    userAgent: ({ lower }) => `Grandstream Model HW GXP2170 SW 1.0.11.85 DevId ${lower}`,
    boot: ({ lower }) => [tried(`/Grandstream/cfg${lower}`), own(`/Grandstream/cfg${lower}.xml`)]
  },
  {
    name: "fanvil",
    protocol: "http",
    oui: "0c383e",
    userAgent: ({ lower }) => `Fanvil X4 2.10.2.6887 ${lower}`,
    boot: ({ lower }) => [tried("/Fanvil/f0X4hw1.100.cfg"), own(`/Fanvil/${lower}.cfg`)]
  },
  {
    name: "gigaset",
    protocol: "http",
    oui: "7c2f80",
    userAgent: ({ upper }) => `Gigaset N670 IP PRO/83.V2.11.0+build.a546b91;${upper}`,
    boot: ({ lower }) => [own(`/${lower}.xml`)]
  },
  {
    name: "panasonic",
    protocol: "http",
    oui: "0080f0",
    userAgent: ({ lower }) => `Panasonic_KX-UT123/01.133 (${lower})`,
    boot: ({ upper }) => [needed("/KX-UT123.cfg"), own(`/Panasonic/Config${upper}.cfg`)]
  },
  {
    name: "alcatel",
    protocol: "http",
    oui: "3c28a6",
    userAgent: ({ lower }) => `ALE M5-CE 2.13.02.1604 ${lower}`,
    boot: ({ lower }) => [tried("/config.M5.xml"), own(`/config.${lower}.xml`)]
  },
  {
    name: "htek",
    protocol: "http",
    oui: "001fc1",
    userAgent: ({ colons }) => `Htek UC924 2.0.4.2 ${colons}`,
    boot: ({ lower }) => [needed("/cfg0012.xml"), own(`/cfg${lower}.xml`)]
  }
]
