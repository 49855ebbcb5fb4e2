/** How phones tell keys pressed during a call. */
export type DtmfMode = "RTP-in-band" | "RTP-out-of-band" | "SIP-INFO"
/** Whether calls are encrypted. */
export type SrtpMode = "disabled" | "preferred" | "required"
/** How phones speak to the registrar. */
export type SipTransport = "udp" | "tcp" | "tls"
/** From which weight on phones report to the syslog server. */
export type SyslogLevel = "critical" | "error" | "warning" | "info" | "debug"

/** One SIP account of a phone, its global values filled in where the line has none. */
export interface SipLine {
  readonly proxy_ip?: string | null
  readonly proxy_port?: number | null
  readonly backup_proxy_ip?: string | null
  readonly backup_proxy_port?: number | null
  readonly registrar_ip?: string | null
  readonly registrar_port?: number | null
  readonly backup_registrar_ip?: string | null
  readonly backup_registrar_port?: number | null
  readonly outbound_proxy_ip?: string | null
  readonly outbound_proxy_port?: number | null
  readonly username?: string | null
  readonly auth_username?: string | null
  readonly password?: string | null
  readonly display_name?: string | null
  readonly number?: string | null
  readonly dtmf_mode?: DtmfMode | null
  readonly srtp_mode?: SrtpMode | null
  readonly voicemail?: string | null
}

/** A server of phones that speak SCCP. */
export interface SccpCallManager {
  readonly ip: string
  readonly port?: number | null
}

/** A programmable key. `label` is the value where none was given. */
export interface FunctionKey {
  readonly type: "speeddial" | "blf" | "park"
  readonly value?: string | null
  readonly label?: string | null
  /** The line that the key works on. */
  readonly line?: string | null
}

/**
 * The parameters that a phone is configured with (contracts/provisioning.md, section 5), as plugins get them:
 * flattened, checked, numbers and booleans of their own type, defaults applied, lines completed with the global
 * `sip_*` values, control characters taken out of every string but certificates and keys. Every value may be null or
 * absent unless it is mandatory here.
 */
export interface RawConfig {
  /** Without a slash at the end; carries the provisioning key of the device's tenant when there is one. */
  readonly http_base_url: string
  readonly ip?: string | null
  readonly http_port?: number | null
  readonly tftp_port?: number | null
  readonly dns_enabled?: boolean | null
  readonly dns_ip?: string | null
  readonly ntp_enabled?: boolean | null
  readonly ntp_ip?: string | null
  readonly vlan_enabled?: boolean | null
  readonly vlan_id?: number | null
  readonly vlan_priority?: number | null
  readonly vlan_pc_port_id?: number | null
  readonly syslog_enabled?: boolean | null
  readonly syslog_ip?: string | null
  readonly syslog_port: number
  readonly syslog_level: SyslogLevel
  readonly admin_username?: string | null
  readonly admin_password?: string | null
  readonly user_username?: string | null
  readonly user_password?: string | null
  /** IANA zone. */
  readonly timezone?: string | null
  /** `fr_FR`; something may follow. */
  readonly locale?: string | null
  readonly protocol?: "SIP" | "SCCP" | null
  readonly sip_proxy_ip?: string | null
  readonly sip_proxy_port?: number | null
  readonly sip_backup_proxy_ip?: string | null
  readonly sip_backup_proxy_port?: number | null
  readonly sip_registrar_ip?: string | null
  readonly sip_registrar_port?: number | null
  readonly sip_backup_registrar_ip?: string | null
  readonly sip_backup_registrar_port?: number | null
  readonly sip_outbound_proxy_ip?: string | null
  readonly sip_outbound_proxy_port?: number | null
  readonly sip_dtmf_mode?: DtmfMode | null
  readonly sip_srtp_mode: SrtpMode
  readonly sip_transport: SipTransport
  /** PEM, the root first. */
  readonly sip_servers_root_and_intermediate_certificates?: ReadonlyArray<string> | null
  readonly sip_local_root_and_intermediate_certificates?: ReadonlyArray<string> | null
  readonly sip_local_certificate?: string | null
  readonly sip_local_key?: string | null
  readonly sip_subscribe_mwi?: boolean | null
  /** By line number, from "1". */
  readonly sip_lines: Readonly<Record<string, SipLine>>
  /** By priority, "1" is the highest. */
  readonly sccp_call_managers: Readonly<Record<string, SccpCallManager>>
  readonly exten_dnd?: string | null
  readonly exten_fwd_unconditional?: string | null
  readonly exten_fwd_no_answer?: string | null
  readonly exten_fwd_busy?: string | null
  readonly exten_fwd_disable_all?: string | null
  readonly exten_park?: string | null
  readonly exten_pickup_group?: string | null
  readonly exten_pickup_call?: string | null
  readonly exten_voicemail?: string | null
  /** By key number, from "1". */
  readonly funckeys: Readonly<Record<string, FunctionKey>>
  readonly config_version?: number | null
  readonly X_xivo_phonebook_ip?: string | null
  readonly X_accent_phonebook_ip?: string | null
  readonly X_xivo_phonebook_scheme?: string | null
  readonly X_xivo_phonebook_port?: number | null
  readonly X_xivo_user_uuid?: string | null
  readonly X_accent_user_uuid?: string | null
  readonly X_xivo_phonebook_profile?: string | null
  readonly X_key?: string | null
  /** Parameters of an installation's own; their names begin with `X_`. */
  readonly [own: `X_${string}`]: unknown
}
