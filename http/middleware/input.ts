import { type Schema, SchemaIssue } from "effect"

/** One thing that is wrong with the input: where, and why. */
export interface InputProblem {
  /** Keys and indexes from the root of the body, query or path; empty when the root itself is wrong. */
  readonly path: ReadonlyArray<string>
  readonly message: string
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Every problem of a failed decoding, in the order of the schema's fields. Values are never repeated. */
export const inputProblems = (error: Schema.SchemaError): ReadonlyArray<InputProblem> =>
  format(error.issue).issues.map((issue) => ({
    path: (issue.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)),
    message: issue.message
  }))

/** The names of the top-level fields that are wrong, each once. */
export const invalidFieldNames = (error: Schema.SchemaError): ReadonlyArray<string> => [
  ...new Set(inputProblems(error).flatMap(({ path }) => path.slice(0, 1)))
]
