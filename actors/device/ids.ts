import { randomUUID } from "node:crypto"
import type { Settings } from "../../runtime/config.ts"

/** Makes ids of documents that come without one (contracts/provisioning.md, section 2: database.generator). */
export const makeIdSource = (phoneIds: Settings["phoneIds"], isTaken: (id: string) => boolean) => {
  let last = 0
  return (): string => {
    if (phoneIds === "uuid") return randomUUID().replaceAll("-", "")
    do last++
    while (isTaken(String(last)))
    return String(last)
  }
}
