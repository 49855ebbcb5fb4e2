import { type Schema, SchemaIssue } from "effect"
import type { FieldProblem } from "../../schemas/auth/errors.ts"

/** The first thing that is wrong with an input. */
export interface Finding {
  /** Keys and indexes from the root; `_schema` when the root itself is wrong. */
  readonly path: ReadonlyArray<string>
  readonly problem: FieldProblem
}

/** The first problem of a failed decoding, as the field types of schemas/auth word it. Values are never repeated. */
export const firstFinding = (error: Schema.SchemaError): Finding => {
  const { path, problem } = find(error.issue, [])
  return { path: path.length === 0 ? ["_schema"] : path, problem }
}

/** What is wrong with each parameter of a query: of one parameter the first problem. */
export const parameterProblems = (error: Schema.SchemaError): Record<string, FieldProblem> => {
  const issues = error.issue._tag === "Composite" ? error.issue.issues : [error.issue]
  return Object.fromEntries(
    issues
      .map((issue) => find(issue, []))
      .toReversed()
      .map(({ path, problem }) => [path[0] ?? "_schema", problem])
  )
}

/** The problem under its path, as nested objects: `{"address": {"city": problem}}`. */
export const nested = ({ path, problem }: Finding): Record<string, unknown> =>
  path.reduceRight<Record<string, unknown>>((inner, key) => ({ [key]: inner }), { ...problem })

const find = (issue: SchemaIssue.Issue, path: ReadonlyArray<string>): Finding => {
  switch (issue._tag) {
    case "Pointer":
      return find(issue.issue, [...path, ...issue.path.map(String)])
    case "Encoding":
      return find(issue.issue, path)
    case "MissingKey":
      return { path, problem: required }
    case "Composite":
      return find(issue.issues[0], path)
    case "Filter":
      return {
        path,
        problem: worded(issue.filter.annotations?.["message"]) ?? find(issue.issue, path).problem
      }
    case "AnyOf": {
      const [first] = issue.issues
      if (first !== undefined) return find(first, path)
      return {
        path,
        problem: isNull(issue) ? notNull : (worded(issue.ast.annotations?.["message"]) ?? unusable)
      }
    }
    case "InvalidType":
      return {
        path,
        problem: isNull(issue) ? notNull : (worded(issue.ast.annotations?.["message"]) ?? unusable)
      }
    case "InvalidValue":
      return { path, problem: worded(issue.annotations?.["message"]) ?? unusable }
    default:
      return { path, problem: unusable }
  }
}

const isNull = (issue: SchemaIssue.Issue): boolean => SchemaIssue.hasInput(issue) && issue.input === null

/** The entry that a field type carries; a rule over several fields carries a plain sentence. */
const worded = (message: unknown): FieldProblem | undefined => {
  if (typeof message !== "string") return undefined
  if (!message.startsWith("{")) return { message, constraint_id: "schema", constraint: "schema" }
  // Only the field types of schemas/auth write JSON into a message.
  return JSON.parse(message) as FieldProblem
}

const required: FieldProblem = {
  message: "Missing data for required field.",
  constraint_id: "required",
  constraint: "required"
}
const notNull: FieldProblem = {
  message: "Field may not be null.",
  constraint_id: "not_null",
  constraint: "not_null"
}
const unusable: FieldProblem = { message: "Invalid input type.", constraint_id: "type", constraint: "dict" }
