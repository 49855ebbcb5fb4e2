import { normalizeMac, type DeviceDocument, type DeviceInfo } from "../../schemas/provd/device.ts"
import type {
  DstChange,
  PhoneFile,
  PhoneRequest,
  PluginFactory,
  PluginHost,
  TimeZone
} from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines } from "../kit/lines.ts"
import { localeOf, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { hourOf } from "../kit/time-zone.ts"
import { deviceInfo, fileNameOf, firstMatch } from "../kit/user-agent.ts"
import { capabilityOf, touchModels as models } from "./models.ts"

/**
 * Alcatel IP Touch 4028, 4038 and 4068 (contracts/provisioning-vendors.md, section 13). A phone that still speaks NOE
 * asks over TFTP for `lanpbx.cfg`, which turns it to SIP. It has one line, and it listens to no NOTIFY.
 */
export const alcatelTouch: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Alcatel IP Touch 4028, 4038 and 4068.",
    description_fr: "Alcatel IP Touch 4028, 4038 et 4068.",
    capabilities: capabilitiesOf("Alcatel", models, ({ version }) => version, capabilityOf)
  },
  extract,
  associate: association({
    vendor: "Alcatel",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version, model) => version === ownOf(models, model)?.version
  }),
  commonFiles: () => ["lanpbx.cfg", "sipconfig.txt"].map((path) => commonFile(host, path)),
  deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config))],
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : nameFor(mac)
  },
  isSensitive: (name) => /^sipconfig-[0-9a-f]{12}\.txt$/.test(name)
})

const nameFor = (mac: string) => `sipconfig-${mac}.txt`

const commonFile = (host: PluginHost, path: string): PhoneFile => ({
  path,
  content: host.render({ file: path, base: path.replace(/\.\w+$/, "") }, {}, "none")
})

const extract = (request: PhoneRequest): DeviceInfo | undefined => {
  const name = fileNameOf(request.path)
  const [, mac] = /^sipconfig-(\w+)\.txt$/.exec(name) ?? []
  const isTouch = mac !== undefined || (request.protocol === "tftp" && name === "lanpbx.cfg")
  return deviceInfo({
    ...(isTouch ? { vendor: "Alcatel" } : {}),
    ...firstMatch(request.userAgent, userAgents),
    mac: normalizeMac(mac ?? "")
  })
}

const userAgents = [
  [
    /^Alcatel IP Touch (?<model>\d+)\/(?<version>[\w.]+)$/,
    ({ model, version }: Readonly<Record<string, string | undefined>>) =>
      deviceInfo({ vendor: "Alcatel", model, version })
  ]
] as const

const deviceFile = (host: PluginHost, device: DeviceDocument, config: RawConfig): PhoneFile => {
  requireHttp(config)
  const path = nameFor(requiredMac(device))
  const model = textOf(device, "model")
  const choice = { file: path, ...(model === undefined ? {} : { model }), base: "base-touch" }
  return {
    path,
    content: host.render(choice, derived(host, config, ownOf(models, model)?.keys ?? 8), "none")
  }
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, config: RawConfig, keys: number): object => {
  const line = sortedLines(config)[0]
  const mailbox = line?.voicemail || config.exten_voicemail
  const zone = config.timezone ? host.timeZone(config.timezone) : undefined
  return {
    ...config,
    line,
    mailbox,
    mwi: mailbox && line?.proxy_ip ? `${mailbox}@${line.proxy_ip}` : undefined,
    dns: config.dns_enabled ? config.dns_ip : undefined,
    ntp: config.ntp_enabled ? config.ntp_ip : undefined,
    timeZone: zone && timeZone(zone, new Date().getUTCFullYear()),
    transport: transports[config.sip_transport],
    dtmf: dtmf[line?.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"],
    tones: ownOf(tones, localeOf(config)?.country),
    password: /^\d+$/.test(config.admin_password ?? "") ? config.admin_password : defaultPassword,
    keys: sortedKeys(config).filter(({ key }) => key <= keys)
  }
}

/** The phones' passwords are digits; any other text leaves them with the one that they are delivered with. */
const defaultPassword = "000000"

/** The clock changes on fixed days, which are those of the year in which the file is written. */
const timeZone = (zone: TimeZone, year: number): string => {
  const changes = zone.dst === null ? ["000000", "000000"] : [zone.dst.start, zone.dst.end].map(dayOf(year))
  return `UT::${Math.round(zone.utcOffset / 60)}:${changes.join(":")}`
}

/** `032902` is the 29th of March, 2 o'clock. */
const dayOf =
  (year: number) =>
  (change: DstChange): string => {
    const { month, week, weekday } = change
    const first = ((weekday - new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 7) % 7) + 1
    const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
    const day = Math.min(first + 7 * (week - 1), first + 7 * Math.floor((length - first) / 7))
    return [month, day, hourOf(change)].map((part) => String(part).padStart(2, "0")).join("")
  }

/** There is no TLS: the phone keeps its own choice. */
const transports = { udp: 1, tcp: 2, tls: undefined } as const
const dtmf = { "RTP-in-band": 1, "RTP-out-of-band": 0, "SIP-INFO": 2 } as const

const tones: Readonly<Record<string, number>> = { US: 0, CA: 0, FR: 1, DE: 2, IT: 3, ES: 4, NL: 5, PT: 6 }
