import type { DeviceDocument, DeviceInfo } from "./device.ts"
import type { RawConfig } from "./raw-config-type.ts"

/** The version of this interface; a package may name the least and the greatest it works with. */
export const pluginInterfaceVersion = "1.0"

/** How well a plugin suits a device (contracts/provisioning.md 7.3). Any whole number between is allowed. */
export const support = {
  none: 0,
  improbable: 100,
  unknown: 200,
  probable: 300,
  incomplete: 400,
  complete: 500,
  exact: 600
} as const

/** What a model can do; the keys of contracts/provisioning.md 7.2. */
export interface Capability {
  readonly lines?: number
  readonly high_availability?: boolean
  readonly function_keys?: number
  readonly expansion_modules?: number
  readonly switchboard?: boolean
  readonly protocol?: "sip" | "sccp"
  readonly type?:
    | "deskphone"
    | "dect"
    | "wifidect"
    | "conference"
    | "pager"
    | "ata"
    | "softphone"
    | "doorphone"
    | "generic"
    | "gateway"
  readonly multicell?: boolean
}

/** `plugin-info` of a package. */
export interface PluginInfo {
  readonly version: string
  readonly description: string
  /** By `Vendor, Model, Version`; a part may be `*`. */
  readonly capabilities: Readonly<Record<string, Capability>>
  readonly [own: string]: unknown
}

/** A request of a phone, before anything is known of who asks. */
export interface PhoneRequest {
  readonly protocol: "http" | "tftp" | "dhcp"
  /** Decoded, begins with one slash, for HTTP without the query. Empty for DHCP. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Printable ASCII; empty when there is none or it is something else. */
  readonly userAgent: string
  /** IPv4 or IPv6 as text, proxies taken into account. */
  readonly address: string
  /** The hardware address that a DHCP server saw, `aa:bb:cc:dd:ee:ff`; absent for HTTP and TFTP. */
  readonly mac?: string
  /** DHCP options by code, as text. */
  readonly options: Readonly<Record<number, string>>
}

/** A file as a phone gets it. */
export interface PhoneFile {
  /** Below the root of the file service, without a slash in front: `Aastra/00085D123456.cfg`. */
  readonly path: string
  readonly content: string | Uint8Array
}

/** How to make a phone fetch its files again (contracts/provisioning.md, section 11). */
export interface SipNotify {
  /** `check-sync`, `check-sync;reboot=false`, `service-control`. */
  readonly event: string
  readonly contentType?: string
  /** Lines of the body. */
  readonly body?: ReadonlyArray<string>
}

/** What a plugin may use while it synchronizes a device. */
export interface SynchronizeTools {
  /** Sends the NOTIFY to the phone; rejects when it cannot be sent. Never goes to a shared autoprov account. */
  readonly notify: (notify: SipNotify) => Promise<void>
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

/** Daylight saving begins or ends. Week 5 is the last; weekday 0 is Sunday; `time` in seconds of the local day. */
export interface DstChange {
  readonly month: number
  readonly week: 1 | 2 | 3 | 4 | 5
  readonly weekday: number
  readonly time: number
}

/** A time zone as phones want it. Offsets in seconds, east is positive. */
export interface TimeZone {
  readonly name: string
  readonly utcOffset: number
  readonly dst: null | { readonly start: DstChange; readonly end: DstChange; readonly save: number }
}

/**
 * Which template to take: `<file>.tpl`, then `<model>.tpl`, then `<base>.tpl`, each first in the administrator's
 * folder (`var/templates`), then in the plugin's own (`templates`).
 */
export interface TemplateChoice {
  readonly file?: string
  readonly model?: string
  /** Default `base`. */
  readonly base?: string
}

/** What a plugin is given when it is loaded. */
export interface PluginHost {
  /** The plugin's id. */
  readonly id: string
  /** Renders a nunjucks template. With `escape: "xml"` every value is escaped. Throws when there is none. */
  readonly render: (choice: TemplateChoice, context: object, escape: "xml" | "none") => string
  /** An IANA zone; undefined when it is unknown. */
  readonly timeZone: (name: string) => TimeZone | undefined
  /** The settings of the knob for this plugin. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The current value of one of the plugin's parameters. */
  readonly parameter: (id: string) => string | null
}

/** A setting of a plugin that an administrator may change (contracts/provisioning.md 6.5). */
export interface PluginParameter {
  readonly id: string
  readonly description: string
  readonly [localized: `description_${string}`]: string
}

/**
 * Everything a vendor's phones need (contracts/provisioning.md 7.2). Functions are pure unless said otherwise: the
 * files they give are stored with the device's state and served by the runtime. A function that throws, or does not
 * come back in time, harms the one request or device it was called for.
 */
export interface PhonePlugin {
  readonly info: PluginInfo
  /** What a request tells of the phone; undefined: not one of this plugin's phones. */
  readonly extract?: (request: PhoneRequest) => DeviceInfo | undefined
  /** How well the plugin suits a device; see `support`. */
  readonly associate?: (info: DeviceInfo) => number
  /** Files for every phone of the plugin, from the base parameters. Called at load and when those change. */
  readonly commonFiles?: (base: RawConfig) => ReadonlyArray<PhoneFile>
  /** The files of one device. Throws an Error with the reason when the device cannot be configured. */
  readonly deviceFiles?: (device: DeviceDocument, config: RawConfig) => ReadonlyArray<PhoneFile>
  /** Makes the phone fetch its files again. Absent: not supported. */
  readonly synchronize?: (device: DeviceDocument, config: RawConfig, tools: SynchronizeTools) => Promise<void>
  /** The last segment of the file by whose request the phone shows that it takes its configuration (8.5). */
  readonly remoteStateTrigger?: (device: DeviceDocument) => string | undefined
  /** Whether a file holds secrets, by its name (last path segment). */
  readonly isSensitive?: (name: string) => boolean
  /** Rewrites the path of a request before files are looked up, for phones that ask in odd ways. */
  readonly rewritePath?: (path: string) => string
  readonly parameters?: ReadonlyArray<PluginParameter>
}

/** What the entry of a package exports as default. */
export type PluginFactory = (host: PluginHost) => PhonePlugin
