import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A DECT base of Snom, with the firmware that its files are written for. */
export interface SnomBase {
  readonly version: string
  readonly lines: number
  readonly multicell: boolean
  /** Its web pages have three users: the engineer's password is the administrator's. */
  readonly engineer?: boolean
}

/** The DECT bases of the plugin, as they call themselves. */
export const snomBases: Readonly<Record<string, SnomBase>> = {
  M300: { version: "05.20.0001", lines: 20, multicell: false },
  M700: { version: "05.20.0001", lines: 1000, multicell: true },
  M900: { version: "07.40.0104", lines: 1000, multicell: true, engineer: true }
}

/** What a base can do. */
export const snomBaseCapability = (base: SnomBase): Capability => ({
  lines: base.lines,
  high_availability: false,
  function_keys: 0,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "dect",
  multicell: base.multicell
})
