import { randomUUID } from "node:crypto"
import type { ConfigDocument } from "../../schemas/provd/config-document.ts"
import { isObject, own } from "../../schemas/provd/json.ts"
import type { ConfigStore } from "./config-store.ts"

/**
 * A config for a phone that nobody gave a line (contracts/provisioning.md 6.3), not yet stored; undefined: no config
 * has the role `autocreate` and a first line.
 */
export const autocreated = (configs: ConfigStore["Service"]): ConfigDocument | undefined => {
  for (const config of configs.all()) {
    const lines = own(config.raw_config, "sip_lines")
    if (config["role"] !== "autocreate" || !isObject(lines) || own(lines, "1") === undefined) continue
    return {
      id: `${config.id}${randomUUID().replaceAll("-", "")}`,
      parent_ids: [config.id],
      raw_config: config.raw_config,
      transient: true
    }
  }
  return undefined
}
