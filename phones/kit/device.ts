import { macDigitsOf, normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"

/** A text of a device's document; undefined: there is none. */
export const textOf = (device: DeviceDocument, key: "mac" | "ip" | "sn" | "vendor" | "model" | "version") => {
  const value = device[key]
  return value === undefined || value === null || value === "" ? undefined : String(value)
}

/** The twelve lower-case digits of the device's MAC address; undefined: there is none. */
export const macOf = (device: DeviceDocument): string | undefined => {
  const mac = normalizeMac(textOf(device, "mac") ?? "")
  return mac === undefined ? undefined : macDigitsOf(mac)
}

/** The same; throws where a phone cannot be configured without. */
export const requiredMac = (device: DeviceDocument): string => {
  const mac = macOf(device)
  if (mac === undefined) throw new Error("the device has no MAC address")
  return mac
}

/** The device's model; throws where a phone cannot be configured without. */
export const requiredModel = (device: DeviceDocument): string => {
  const model = textOf(device, "model")
  if (model === undefined) throw new Error("the device has no model")
  return model
}

/** Throws unless the phone can fetch its files over HTTP. */
export const requireHttp = (config: RawConfig): void => {
  if (config.http_port === undefined || config.http_port === null)
    throw new Error("the config has no http_port")
}

/** Throws unless the phone can fetch its files over TFTP. */
export const requireTftp = (config: RawConfig): void => {
  if (config.tftp_port === undefined || config.tftp_port === null)
    throw new Error("the config has no tftp_port")
}

/** Whether the phone belongs to a switchboard operator. */
export const isSwitchboard = (device: DeviceDocument): boolean => {
  const options = device.options
  return (
    typeof options === "object" &&
    options !== null &&
    !Array.isArray(options) &&
    "switchboard" in options &&
    options.switchboard === true
  )
}
