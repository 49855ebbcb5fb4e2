import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { bracketed } from "./directory-url.ts"

/** Where the phone fetches its files, without a slash at the end. */
export const serverUrl = (config: RawConfig): string => {
  if (config.http_base_url) return config.http_base_url.replace(/\/+$/, "")
  return `http://${bracketed(config.ip ?? "")}:${config.http_port ?? 8667}`
}

/** The same in parts, as some phones take it; `path` begins with a slash or is empty. */
export const serverParts = (
  config: RawConfig
): { readonly host: string; readonly port: number; readonly path: string; readonly secure: boolean } => {
  const url = new URL(serverUrl(config))
  const secure = url.protocol === "https:"
  return {
    host: url.hostname,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: url.pathname.replace(/\/+$/, ""),
    secure
  }
}
