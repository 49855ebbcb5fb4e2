import { randomBytes } from "node:crypto"
import { Effect, Redacted } from "effect"
import { AppConfig } from "../../runtime/config.ts"

/** A queue as the configuration knows it. */
export interface QueueDefinition {
  readonly name: string
  readonly label: string | null
  readonly enabled: boolean
  readonly musicOnHold: string | null
  /** Keys and values of its section in queues.conf. */
  readonly options: ReadonlyArray<readonly [key: string, value: string]>
}

export interface AsteriskConfigData {
  readonly manager: { readonly username: string; readonly secret: string }
  /** Where Strowger's FastAGI port listens; port 0: it is off. */
  readonly agi: { readonly host: string; readonly port: number }
  readonly queues: ReadonlyArray<QueueDefinition>
  /** The account of phones that nobody gave a line (contracts/provisioning.md 3.3); absent: there is none. */
  readonly autoprov?: SipAccount
}

export interface SipAccount {
  readonly username: string
  readonly password: string
}

/** A file for Asterisk's configuration folder. */
export interface AsteriskFile {
  readonly name: string
  readonly text: string
}

/** The files a plain Asterisk needs to work with Strowger, each with a comment that says who includes it. */
export const asteriskFiles = (data: AsteriskConfigData): ReadonlyArray<AsteriskFile> => [
  { name: "manager.d/strowger.conf", text: managerUser(data) },
  { name: "strowger-extensions.conf", text: dialplan(data) },
  { name: "strowger-queues.conf", text: queues(data) },
  ...(data.autoprov === undefined
    ? []
    : [{ name: "strowger-pjsip.conf", text: phoneEndpoints(data.autoprov) }])
]

/**
 * The same as one text. It holds the secret of the manager user: `STROWGER_AMI_SECRET`, or a fresh one when that is
 * not set, and the password of the autoprov account.
 */
export const asteriskConfig = (
  queues: ReadonlyArray<QueueDefinition>,
  autoprov?: SipAccount
): Effect.Effect<string, never, AppConfig> =>
  Effect.map(AppConfig, ({ amiUsername, amiSecret, agiHost, agiPort }) =>
    asteriskFiles({
      manager: {
        username: amiUsername,
        secret: Redacted.value(amiSecret) || randomBytes(24).toString("base64url")
      },
      agi: { host: agiHost, port: agiPort },
      queues,
      ...(autoprov !== undefined && { autoprov })
    })
      .map(({ name, text }) => `; ---- ${name} ----\n\n${text}`)
      .join("\n")
  )

const managerUser = ({ manager, autoprov }: AsteriskConfigData): string => `\
; Strowger's manager user. manager.conf needs in [general]
;   enabled = yes
;   bindaddr = 127.0.0.1
; and, if it is not there yet, the line
;   #include "manager.d/*.conf"
; Load it with: asterisk -rx "manager reload"

[${oneLine(manager.username)}]
; The same as STROWGER_AMI_SECRET.
secret = ${escaped(manager.secret)}
; Only from this machine. When Strowger runs elsewhere, its address goes here.
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
; What Strowger is told:
;   system  that Asterisk has booted, reloads or stops
;   call    channels, bridges, device states, conferences, parking
;   agent   queues, their members and callers
;   user    UserEvent
; Add what clients of the event bus want besides: cdr, dialplan, dtmf, security ...
read = system,call,agent,user
; What Strowger may do:
;   agent      QueueAdd, QueueRemove, QueuePause, QueuePenalty
;   user       UserEvent, when an agent is added to a queue or removed
;   command    Command, for the function keys of agents (devstate change)
;   call       DeviceStateList, Hangup, Redirect, Park
;   originate  Originate, for calls by click and for supervisors who listen in
;   reporting  CoreShowChannels, ConfbridgeList
${
  autoprov
    ? `;   system     PJSIPNotify, which makes phones fetch their files anew
`
    : `; Add system for PJSIPNotify (phones fetch their settings anew); to phones that are known by their addresses alone it
; reaches through the endpoint default_outbound_endpoint of pjsip.conf.
`
}; QueueStatus needs none. Add whatever the actions need that clients send through /api/amid.
write = ${autoprov ? "system," : ""}agent,user,command,call,originate,reporting
; Milliseconds that Asterisk waits for Strowger to read before it gives the connection up.
writetimeout = 5000
`

const dialplan = ({ agi, autoprov }: AsteriskConfigData): string => `\
; How a queue reaches an agent. extensions.conf needs the line
;   #include strowger-extensions.conf
; Load it with: asterisk -rx "dialplan reload"
; Modules: res_agi, app_dial, app_queue, func_strings; chan_pjsip for SIP phones.
;
; Queue members are Local/id-<agent id>@agentcallback. Strowger is asked which device the agent logged in on:
;   STROWGER_AGENT_STATUS  OK, LOGGED_OFF, UNKNOWN (no such agent), UNAVAILABLE (its database does not answer)
;   STROWGER_AGENT_DEVICE  PJSIP/abcd; empty unless the status is OK
${agi.port === 0 ? "; STROWGER_AGI_PORT is 0: Strowger does not answer until that knob names a port.\n" : ""}\
${isAnyAddress(agi.host) ? "; When Asterisk runs on another machine, the address of Strowger goes into the URL.\n" : ""}
[agentcallback]
exten => _id-X!,1,AGI(agi://${agiAddress(agi)}/agent?id=\${FILTER(0-9,\${EXTEN:3})})
 same => n,GotoIf($["\${STROWGER_AGENT_STATUS}" != "OK"]?refused)
 same => n,GotoIf($["\${STROWGER_AGENT_DEVICE:0:6}" = "PJSIP/"]?sip)
 same => n,Dial(\${STROWGER_AGENT_DEVICE})
 same => n,Hangup()
; All phones that are registered for the line ring.
 same => n(sip),Set(STROWGER_CONTACTS=\${PJSIP_DIAL_CONTACTS(\${STROWGER_AGENT_DEVICE:6})})
 same => n,GotoIf($["\${STROWGER_CONTACTS}" = ""]?refused)
 same => n,Dial(\${STROWGER_CONTACTS})
 same => n,Hangup()
 same => n(refused),NoOp(Agent \${EXTEN:3} cannot be called: \${STROWGER_AGENT_STATUS} \${AGISTATUS})
; Subscriber absent: the queue goes on to its next member.
 same => n,Hangup(20)
${autoprov === undefined ? "" : provisioningContexts(agi)}`

/** The phone is known by its address: the phones must reach this Asterisk without NAT. */
const provisioningContexts = (agi: AsteriskConfigData["agi"]): string => `
; Phones that nobody gave a line register with the account of strowger-pjsip.conf. Whoever dials the provisioning code
; of a line there makes the phone that line's: Strowger sets ACCENT_PROV_OK and XIVO_PROV_OK to 1, and the phone fetches
; its files. Modules: res_agi, func_channel, func_logic, app_playback; the sounds are Asterisk's own.
[strowger-autoprov]
exten => _XXXXXX,1,Answer()
 same => n,AGI(agi://${agiAddress(agi)}/provision,\${EXTEN},\${CHANNEL(pjsip,remote_addr)})
 same => n,GotoIf($["\${ACCENT_PROV_OK}" = "1"]?done)
 same => n,Playback(pbx-invalid)
 same => n,Hangup()
 same => n(done),Playback(beep)
 same => n,Hangup()

; A phone gives its line back. Include this context where users may dial it.
[strowger-autoprov-reset]
exten => *48378,1,Answer()
 same => n,AGI(agi://${agiAddress(agi)}/provision,autoprov,\${CHANNEL(pjsip,remote_addr)})
 same => n,Playback(\${IF($["\${ACCENT_PROV_OK}" = "1"]?beep:pbx-invalid)})
 same => n,Hangup()
`

/**
 * A NOTIFY to an address leaves through the default outbound endpoint: without one PJSIPNotify answers Success and
 * sends nothing.
 */
const phoneEndpoints = ({ username, password }: SipAccount): string => `\
; Phones that have no line yet. pjsip.conf needs the line
;   #include strowger-pjsip.conf
; Load it with: asterisk -rx "module reload res_pjsip.so"
; Modules: res_pjsip_registrar, res_pjsip_authenticator_digest, res_pjsip_endpoint_identifier_user, res_pjsip_notify.

; The account that phones use until somebody gives them a line. All of them register at once, each as a contact of its
; own.

[${oneLine(username)}]
type = endpoint
context = strowger-autoprov
disallow = all
allow = ulaw,alaw,g722
auth = ${oneLine(username)}
aors = ${oneLine(username)}
direct_media = no

[${oneLine(username)}]
type = auth
auth_type = userpass
username = ${escaped(username)}
password = ${escaped(password)}

[${oneLine(username)}]
type = aor
max_contacts = 10000
qualify_frequency = 0

; Phones are told at their addresses to fetch their files anew: that NOTIFY leaves through this endpoint. It goes out
; only; no caller is taken for it. Leave it out where pjsip.conf has one of this name, or names another as
; default_outbound_endpoint in its section of type global.
[default_outbound_endpoint]
type = endpoint
identify_by = ip
`

const queues = (data: AsteriskConfigData): string => `\
; The queues, without members: Strowger adds them as agents log in. queues.conf needs in [general]
;   persistentmembers = yes   members outlive a restart of Asterisk
;   autofill = yes            several callers are offered at once
;   shared_lastcall = yes     the wrap-up of one queue counts in the others
; and after it the line
;   #include strowger-queues.conf
; Load it with: asterisk -rx "queue reload all"
; A caller enters from the dialplan: Queue(<name>,,,,<seconds to wait>).
${data.queues.map(queueSection).join("")}`

const queueSection = (queue: QueueDefinition): string => {
  const label = queue.label ? `; ${oneLine(queue.label)}\n` : ""
  if (!queue.enabled) return `\n${label}; ${queue.name} is disabled and left out.\n`
  const given = new Set(queue.options.map(([key]) => key))
  const music = given.has("musicclass") || given.has("musiconhold") ? null : queue.musicOnHold
  const lines = [...(music ? [optionLine(["musicclass", music])] : []), ...queue.options.map(optionLine)]
  return `\n${label}[${queue.name}]\n${lines.map((line) => `${line}\n`).join("")}`
}

/** What cannot stand in a line of Asterisk's configuration is left out, and said. */
const optionLine = ([key, value]: readonly [string, string]): string =>
  /^[A-Za-z][A-Za-z0-9_-]*$/.test(key) && oneLine(value) === value
    ? `${key} = ${escaped(value)}`
    : `; An option cannot be written here: ${oneLine(key)}`

const oneLine = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001F\u007F]/g, " ")

/** A semicolon would begin a comment. */
const escaped = (value: string): string => oneLine(value).replaceAll(";", "\\;")

const isAnyAddress = (host: string): boolean => host === "" || host === "0.0.0.0" || host === "::"

const agiAddress = ({ host, port }: AsteriskConfigData["agi"]): string => {
  const name = isAnyAddress(host) ? "127.0.0.1" : host
  return `${name.includes(":") ? `[${name}]` : name}:${port === 0 ? 4573 : port}`
}
