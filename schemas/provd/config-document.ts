import type { Json, JsonObject } from "./device.ts"
import { firstOf } from "./document.ts"
import { isList, isObject, own, unstorable } from "./json.ts"
import { rawConfigProblem } from "./raw-config.ts"

/** A named set of parameters as it is stored (contracts/provisioning.md 3.2). Unknown keys are kept. */
export interface ConfigDocument extends JsonObject {
  readonly id: string
  readonly parent_ids: ReadonlyArray<string>
  readonly raw_config: JsonObject
}

/** What a client's document becomes under an id, or what is wrong with it. Never looks at its own id: see `idProblem`. */
export const readConfigDocument = (
  id: string,
  document: JsonObject
): { readonly config: ConfigDocument } | { readonly problem: string } => {
  const { parent_ids, raw_config } = document
  const problem = firstOf(
    unstorable(document),
    ...["deletable", "transient"].map((key) => booleanProblem(document, key)),
    ...["role", "X_type"].map((key) => textProblem(document, key))
  )
  if (problem !== undefined) return { problem }
  if (!isList(parent_ids) || !parent_ids.every((parent) => typeof parent === "string")) {
    return { problem: "parent_ids: a list of texts is expected" }
  }
  if (!isObject(raw_config)) return { problem: "raw_config: an object is expected" }
  const given: ConfigDocument = { ...document, id, parent_ids, raw_config }
  // A template of devices holds what is set and nothing else.
  const config = document["X_type"] === "device" ? withoutNulls(given) : given
  const rawProblem = rawConfigProblem(config.raw_config)
  return rawProblem === undefined ? { config } : { problem: rawProblem }
}

const booleanProblem = (document: JsonObject, key: string): string | undefined => {
  const value = own(document, key)
  return value === undefined || value === null || typeof value === "boolean"
    ? undefined
    : `${key}: a boolean is expected`
}

const textProblem = (document: JsonObject, key: string): string | undefined => {
  const value = own(document, key)
  return value === undefined || value === null || typeof value === "string"
    ? undefined
    : `${key}: a text is expected`
}

/** Null items of lists stay: only objects lose their null values. */
const withoutNulls = <A extends JsonObject>(object: A): A =>
  // Mandatory keys are not null: they were checked.
  Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, innerWithoutNulls(value)])
  ) as A

const innerWithoutNulls = (value: Json): Json => {
  if (isList(value)) return value.map(innerWithoutNulls)
  return isObject(value) ? withoutNulls(value) : value
}
