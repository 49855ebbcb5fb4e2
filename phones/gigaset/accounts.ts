import type { RawConfig, SipLine } from "../../schemas/provd/raw-config-type.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"

/** One server that accounts of a base register with. */
interface Provider {
  readonly id: number
  readonly name: string
  readonly proxy: string
  readonly proxyPort: number
  readonly line: SipLine
}

/** The accounts of a base, the servers they are at, and how the base sends DTMF. */
export const accountsOf = (config: RawConfig): object => {
  const lines = sortedLines(config)
  const providers = providersOf(lines)
  return {
    lines: lines.map((line) => account(line, config, providers)),
    providers: providers.map((provider) => described(provider, config)),
    dtmf: dtmf[lines[0]?.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"]
  }
}

const providersOf = (lines: ReadonlyArray<NumberedLine>): ReadonlyArray<Provider> => {
  const found = new Map<string, Provider>()
  for (const line of lines) {
    const key = keyOf(line)
    if (found.has(key)) continue
    const id = found.size
    const proxy = line.proxy_ip ?? ""
    found.set(key, { id, name: `Provider ${id + 1}`, proxy, proxyPort: line.proxy_port ?? 5060, line })
  }
  return [...found.values()]
}

const keyOf = ({ proxy_ip, proxy_port }: SipLine) => `${proxy_ip ?? ""} ${proxy_port ?? 5060}`

const described = ({ line, ...provider }: Provider, config: RawConfig) => {
  const srtp = line.srtp_mode ?? config.sip_srtp_mode
  const registrarPort = line.registrar_port ?? 5060
  const outboundPort = line.outbound_proxy_port ?? 5060
  return {
    ...provider,
    proxyPortHex: hex(provider.proxyPort),
    registrar: line.registrar_ip || line.proxy_ip,
    registrarPort,
    registrarPortHex: hex(registrarPort),
    backup: line.backup_proxy_ip,
    backupPort: line.backup_proxy_port ?? 5060,
    outbound: line.outbound_proxy_ip,
    outboundPort,
    outboundPortHex: hex(outboundPort),
    outboundMode: outboundMode(line),
    dtmf: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"],
    secureMedia: srtp !== "disabled" || config.sip_transport === "tls",
    plainMedia: srtp !== "required"
  }
}

const account = (line: NumberedLine, config: RawConfig, providers: ReadonlyArray<Provider>) => {
  const number = line.number ?? ""
  return {
    ...line,
    username: unquoted(line.username),
    auth_username: unquoted(line.auth_username || line.username),
    password: unquoted(line.password),
    title: unquoted([line.display_name, number].filter(Boolean).join(" ")),
    suffix: line.line === 1 ? "" : `_${line.line}`,
    mask: hex(2 ** (line.line - 1)),
    handset: String(line.line).padStart(5, "0"),
    accessCode: accessCode(number),
    provider: providers.find((provider) => keyOf(provider.line) === keyOf(line))?.id ?? 0,
    proxyPort: hex(line.proxy_port ?? 5060),
    registrarPort: hex(line.registrar_port ?? 5060),
    outboundPort: hex(line.outbound_proxy_port ?? 5060),
    outboundMode: outboundMode(line),
    mailbox: line.voicemail || config.exten_voicemail
  }
}

/** What a handset is registered with: the last four digits of its number; 0000 while nobody owns it. */
const accessCode = (number: string) =>
  number.startsWith("auto") ? "0000" : number.replaceAll(/\D/g, "").slice(-4).padStart(4, "0")

/** 0 always, 2 never. */
const outboundMode = (line: SipLine) => (line.outbound_proxy_ip ? 0 : 2)

/** A text stands in quotes that cannot be escaped. */
const unquoted = (text: string | null | undefined) => text?.replaceAll('"', "'")

const hex = (value: number) => `0x${value.toString(16)}`

/** Bits: 1 in the audio, 2 RFC 2833, 4 SIP INFO. */
const dtmf = { "RTP-in-band": 1, "RTP-out-of-band": 2, "SIP-INFO": 4 } as const
