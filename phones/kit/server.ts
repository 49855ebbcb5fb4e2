import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { bracketed } from "./directory-url.ts"

/** Where phones fetch their files (contracts/provisioning-vendors.md: URL). */
export interface Server {
  /** Without a slash at the end. */
  readonly url: string
  readonly secure: boolean
  /** Without brackets around an IPv6 address. */
  readonly host: string
  readonly port: number
  /** The path of the URL without a slash on either side: empty, or the provisioning key of the tenant. */
  readonly path: string
  /** The URL without its scheme. */
  readonly withoutScheme: string
}

/** The server that a config names: its http_base_url, else its ip and http_port. */
export const serverOf = (config: RawConfig): Server => {
  const url = (config.http_base_url || `http://${bracketed(config.ip ?? "")}:${config.http_port ?? 8667}`).replace(
    /\/+$/,
    ""
  )
  const parsed = URL.parse(url)
  if (parsed === null) throw new Error("the config's http_base_url is no URL")
  const secure = parsed.protocol === "https:"
  return {
    url,
    secure,
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: parsed.port === "" ? (secure ? 443 : 80) : Number(parsed.port),
    path: parsed.pathname.replace(/^\/+|\/+$/g, ""),
    withoutScheme: url.replace(/^[a-z]+:\/\//i, "")
  }
}
