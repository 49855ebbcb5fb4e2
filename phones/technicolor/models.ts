import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** What tells the models of Technicolor apart. */
export interface Model {
  /** The firmware that the files are written for. */
  readonly version: string
  readonly lines: number
  /** What the names of the phone's files begin with. */
  readonly prefix: string
  /** Files of the firmware, below `binary`. */
  readonly firmware: { readonly application: string; readonly dsp: string; readonly boot: string }
}

/** Keys that dial or watch somebody. */
export const functionKeys = 66

/** The phones by the model of their User-Agent. */
export const models: Readonly<Record<string, Model>> = {
  ST2022: {
    version: "4.78.1",
    lines: 2,
    prefix: "ST2022S",
    firmware: {
      application: "v2022SG.R11.1.SED.120313.4.78.1.zz",
      dsp: "v2022_dsp_R11.1_SED_v320.zz",
      boot: "v2022_boot_v303.zz"
    }
  },
  ST2030: {
    version: "2.74",
    lines: 4,
    prefix: "ST2030S",
    firmware: {
      application: "v2030SG.R11.1.SED.101223.2.74.zz",
      dsp: "v2030_dsp_R11.1_SED_v320.zz",
      boot: "v2030_boot_v111.zz"
    }
  },
  TB30: {
    version: "1.74.0",
    lines: 4,
    prefix: "TB30S",
    firmware: {
      application: "TB30S.R11.101217.1.74.0.zz",
      dsp: "TB30S_V2.30.1_dsp.zz",
      boot: "TB30S_BOOT_V1.02.0.0.zz"
    }
  }
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: functionKeys,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "deskphone"
})
