import { mediaTypes } from "../../schemas/provd/api.ts"

/**
 * The media type of an answer for the `Accept` of its request (contracts/provisioning.md 4.1): the first of the
 * listed types that is one of ours, whatever their q values. Undefined: none will do, as for an empty header.
 */
export const answerTypeFor = (accept: string | undefined): string | undefined => {
  if (accept === undefined) return mediaTypes[0]
  const asked = accept.split(",").map((item) => (item.split(";", 1)[0] ?? "").trim().toLowerCase())
  return (
    asked.find((type) => ours.has(type)) ??
    (asked.some((type) => anything.has(type)) ? mediaTypes[0] : undefined)
  )
}

const ours: ReadonlySet<string> = new Set(mediaTypes)
const anything: ReadonlySet<string> = new Set(["application/*", "*/*"])
