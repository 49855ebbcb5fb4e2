import { type Schema, SchemaIssue } from "effect"

/** One thing that is wrong with the input: where, and why. */
export interface InputProblem {
  /** Keys and indexes from the root of the body, query or path; empty when the root itself is wrong. */
  readonly path: ReadonlyArray<string>
  readonly message: string
  /** What stood there. */
  readonly given: "missing" | "null" | "value"
}

/** Every problem of a failed decoding, in the order of the schema's fields. Values are never repeated. */
export const inputProblems = (error: Schema.SchemaError): ReadonlyArray<InputProblem> =>
  SchemaIssue.makeFormatterStandardSchemaV1({
    leafHook: (issue) =>
      issue._tag === "MissingKey"
        ? missing
        : SchemaIssue.hasInput(issue) && issue.input === null
          ? isNull
          : SchemaIssue.defaultLeafHook(issue)
  })(error.issue).issues.map((issue) => ({
    path: (issue.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)),
    message: issue.message,
    given: issue.message === missing ? "missing" : issue.message === isNull ? "null" : "value"
  }))

const missing = "Missing data for required field."
const isNull = "Field may not be null."

/** The names of the top-level fields that are wrong, each once; `_schema` for a body that is no object. */
export const invalidFieldNames = (error: Schema.SchemaError): ReadonlyArray<string> => [
  ...new Set(inputProblems(error).map(({ path }) => path[0] ?? "_schema"))
]
