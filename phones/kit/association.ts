import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"

/** The phones that a plugin is made for. */
export interface Target {
  readonly vendor: string
  readonly isModel: (model: string) => boolean
  /** The firmware that the files are written for; absent: none in particular. */
  readonly isVersion?: (version: string, model: string) => boolean
  /** For the vendor's other models; default `probable`. */
  readonly otherModel?: number
  /** For a phone of the vendor whose model is not known; default as `otherModel`. */
  readonly noModel?: number
  /** For a listed model; default `complete`. */
  readonly model?: number
}

/** How well a plugin suits a device ("Association (all)" of contracts/provisioning-vendors.md). */
export const association =
  (target: Target) =>
  ({ vendor, model, version }: DeviceInfo): number => {
    if (vendor === undefined) return support.unknown
    if (vendor !== target.vendor) return support.improbable
    const otherModel = target.otherModel ?? support.probable
    if (model === undefined) return target.noModel ?? otherModel
    if (!target.isModel(model)) return otherModel
    return version !== undefined && target.isVersion?.(version, model) === true
      ? support.exact
      : (target.model ?? support.complete)
  }
