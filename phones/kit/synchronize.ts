import type { PhonePlugin } from "../../schemas/provd/phone-plugin.ts"

/** Tells the phone to compare its files with the server's (contracts/provisioning.md, section 11). */
export const checkSync: NonNullable<PhonePlugin["synchronize"]> = (_device, _config, tools) =>
  tools.notify({ event: "check-sync" })
