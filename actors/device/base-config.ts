import { networkInterfaces } from "node:os"
import type { Settings } from "../../runtime/config.ts"
import type { Json, JsonObject } from "../../schemas/provd/device.ts"
import { own } from "../../schemas/provd/json.ts"

/** The port of phones' URLs that name none (contracts/provisioning.md, section 2). */
const defaultHttpPort = 8667

/** The URL that phones fetch their files from, without a slash at the end. */
export const phoneUrl = ({ phoneUrl, phoneHttpPort }: Settings): string =>
  phoneUrl === "" ? `http://${ownAddress()}:${phoneHttpPort}` : phoneUrl.replace(/\/+$/, "")

/** The parameters below those of every config (contracts/provisioning.md, section 2: base_raw_config). */
export const baseRawConfig = (settings: Settings): JsonObject => {
  const url = phoneUrl(settings)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return {
    ip: parsed?.hostname ?? "",
    http_port: parsed === undefined || parsed.port === "" ? defaultHttpPort : Number(parsed.port),
    http_base_url: url,
    tftp_port: settings.phoneTftpAdvertisedPort,
    // The knob is JSON.
    ...(settings.phoneBaseConfig as JsonObject)
  }
}

/** The host of the PBX that the first configs name. */
export const pbxHost = (settings: Settings): string => {
  if (settings.phoneServer !== "") return settings.phoneServer
  const ip: Json | undefined = own(baseRawConfig(settings), "ip")
  return typeof ip === "string" ? ip : ""
}

/** The first address of this machine that others can reach. */
const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1"
