import type { Devices, DeviceState } from "./devices.ts"
import type { Engine, Headers } from "./engine.ts"

/** `<exten>@<context>` to the device whose state the extension shows. */
export type HintTable = Readonly<Record<string, string>>

/** Extensions that show a device's state: what busy lamp fields subscribe to. */
export interface Hints {
  /** Body of ExtensionStatus: for an extension without a hint, its status is -1. */
  readonly status: (exten: string, context: string) => Headers
  readonly all: () => ReadonlyArray<readonly [exten: string, context: string]>
}

export const makeHints = (engine: Engine, devices: Devices, table: HintTable): Hints => {
  const status = (exten: string, context: string): Headers => {
    const device = table[`${exten}@${context}`]
    const [code, text] = device === undefined ? UNKNOWN : EXTENSION_STATES[devices.state(device)]
    return [
      ["Exten", exten],
      ["Context", context],
      ["Hint", device ?? ""],
      ["Status", String(code)],
      ["StatusText", text]
    ]
  }
  const all = () =>
    Object.keys(table).map((key): readonly [string, string] => {
      const [exten = "", context = "default"] = key.split("@")
      return [exten, context]
    })
  devices.subscribe((device) => {
    for (const [exten, context] of all()) {
      if (table[`${exten}@${context}`] === device)
        engine.emit("ExtensionStatus", "call", status(exten, context))
    }
  })
  return { status, all }
}

const UNKNOWN = [-1, "Unknown"] as const

const EXTENSION_STATES: Record<DeviceState, readonly [code: number, text: string]> = {
  UNKNOWN: [0, "Idle"],
  NOT_INUSE: [0, "Idle"],
  INUSE: [1, "InUse"],
  BUSY: [2, "Busy"],
  INVALID: [4, "Unavailable"],
  UNAVAILABLE: [4, "Unavailable"],
  RINGING: [8, "Ringing"],
  RINGINUSE: [9, "InUse&Ringing"],
  ONHOLD: [16, "Hold"]
}
