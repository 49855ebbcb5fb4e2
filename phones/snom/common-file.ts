import type { PhoneFile, PluginHost } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { serverUrl } from "../kit/server-url.ts"

/** Makes the files for every phone, each from a template that knows the base parameters and the server. */
export const commonFileOf =
  (host: PluginHost, base: RawConfig) =>
  (path: string, template: string, context: object = {}): PhoneFile => ({
    path,
    content: host.render(
      { file: path, base: template },
      { ...base, server: serverUrl(base), ...context },
      "xml"
    )
  })
