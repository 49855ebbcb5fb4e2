import { Effect, Option, Schema, SchemaIssue, SchemaTransformation } from "effect"
import type { FieldProblem } from "./errors.ts"

/**
 * Field types with the tolerance and the error entries of auth's bodies and queries (contracts/auth.md 2). The
 * entry travels as JSON in the `message` annotation.
 */

const problem = (message: string, constraint_id: string, constraint: unknown): string =>
  JSON.stringify({ message, constraint_id, constraint } satisfies FieldProblem)

const typeProblem = (type: string) => problem(`Not a valid ${type}.`, "type", type)

/** A string that PostgreSQL can store; numbers and booleans are none. */
const AnyText = Schema.String.annotate({ message: typeProblem("string") }).check(
  Schema.makeFilter((text: string) => !text.includes("\u0000"), { message: typeProblem("string") })
)

/** A string of a bounded length in characters. */
export const text = (min: number, max: number) => {
  const message = problem(
    min > 0 ? `Length must be between ${min} and ${max}.` : `Longer than maximum length ${max}.`,
    "length",
    { min: min > 0 ? min : null, max }
  )
  return AnyText.check(Schema.isMinLength(min, { message }), Schema.isMaxLength(max, { message }))
}

/** A string that contracts leave unbounded. */
export const longText = text(0, 65_536)

/** A string that fits a pattern. */
export const matching = (pattern: RegExp, min: number, max: number) =>
  text(min, max).check(
    Schema.isPattern(pattern, {
      message: problem("String does not match expected pattern.", "regex", pattern.source)
    })
  )

export const oneOf = <const Choices extends ReadonlyArray<string>>(choices: Choices) =>
  Schema.Literals(choices).annotate({
    message: problem(`Must be one of: ${choices.join(", ")}.`, "enum", { choices })
  })

/** true and false in every spelling the contract knows. */
export const flag = Schema.Union([Schema.Boolean, Schema.Finite, Schema.String])
  .annotate({ message: typeProblem("boolean") })
  .pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transformEffect({
        decode: (value) => {
          const spelled = typeof value === "string" ? value.toLowerCase() : Number(value)
          if (truths.has(spelled)) return Effect.succeed(true)
          if (falsehoods.has(spelled)) return Effect.succeed(false)
          return Effect.fail(new SchemaIssue.InvalidValue({ message: typeProblem("boolean") }))
        },
        encode: (value) => Effect.succeed(value)
      })
    )
  )

const truths = new Set<string | number>([1, "t", "true", "on", "y", "yes", "1"])
const falsehoods = new Set<string | number>([0, "f", "false", "off", "n", "no", "0"])

/** A whole number, its decimal digits as a string, or a float, which loses its fraction. */
export const integer = (min: number, max: number) =>
  Schema.Union([Schema.Finite, Schema.String])
    .annotate({ message: typeProblem("integer") })
    .pipe(
      Schema.decodeTo(
        between(min, max),
        SchemaTransformation.transformEffect({
          decode: (value) => whole(typeof value === "number" ? Math.trunc(value) : digits(value)),
          encode: (value) => Effect.succeed(value)
        })
      )
    )

/** A whole number in a query: its decimal digits. */
export const queryInteger = (min: number, max: number) =>
  Schema.String.annotate({ message: typeProblem("integer") }).pipe(
    Schema.decodeTo(
      between(min, max),
      SchemaTransformation.transformEffect({
        decode: (value) => whole(digits(value)),
        encode: (value) => Effect.succeed(String(value))
      })
    )
  )

const between = (min: number, max: number) =>
  Schema.Int.check(
    Schema.isBetween(
      { minimum: min, maximum: max },
      {
        message: problem(
          `Must be greater than or equal to ${min} and less than or equal to ${max}.`,
          "range",
          { min, max }
        )
      }
    )
  )

const whole = (number: number | undefined) =>
  number === undefined || !Number.isSafeInteger(number)
    ? Effect.fail(new SchemaIssue.InvalidValue({ message: typeProblem("integer") }))
    : Effect.succeed(number)

const digits = (value: string): number | undefined =>
  /^\s*[+-]?[0-9]{1,15}\s*$/.test(value) ? Number(value) : undefined

/** A UUID in any spelling, normalised to lowercase with dashes. */
export const uuid = Schema.String.annotate({ message: typeProblem("uuid") }).pipe(
  Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transformEffect({
      decode: (value) =>
        Option.match(normaliseUuid(value), {
          onNone: () =>
            Effect.fail(
              new SchemaIssue.InvalidValue({ message: problem("Not a valid UUID.", "type", "uuid") })
            ),
          onSome: Effect.succeed
        }),
      encode: (value) => Effect.succeed(value)
    })
  )
)

const normaliseUuid = (value: string): Option.Option<string> => {
  if (value.length > 64) return Option.none()
  const hex = value
    .toLowerCase()
    .replace(/^urn:|^uuid:/g, "")
    .replace(/^uuid:/, "")
    .replace(/[{}-]/g, "")
  const parts = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(hex)
  return parts ? Option.some(parts.slice(1).join("-")) : Option.none()
}

/** A uuid in a path: 8-4-4-4-12, lowercased; anything else is an unknown path. */
export const pathUuid = Schema.String.check(
  Schema.isPattern(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/)
).pipe(
  Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform({ decode: (value) => value.toLowerCase(), encode: (value) => value })
  )
)

const emailPattern =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:localhost|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])$/i

export const email = AnyText.check(
  Schema.makeFilter((address: string) => address.length <= 320 && emailPattern.test(address), {
    message: problem("Not a valid email address.", "email", "must be a valid email address")
  })
)

/** A date and time, ISO 8601. */
export const moment = Schema.String.annotate({ message: typeProblem("datetime") }).check(
  Schema.isPattern(/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([+-]\d{2}:\d{2}|Z)?)?$/, {
    message: typeProblem("datetime")
  }),
  Schema.makeFilter((value: string) => !Number.isNaN(Date.parse(value)), { message: typeProblem("datetime") })
)

/** null is allowed and is what an absent field means. */
export const nullable = <S extends Schema.Top>(schema: S, type = "string") =>
  Schema.NullOr(schema)
    .annotate({ message: typeProblem(type) })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

/** An absent field means a default; null is refused. */
export const optional = <S extends Schema.Top>(schema: S, fallback: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)))

/** A list of at most `max` items. */
export const list = <S extends Schema.Top>(item: S, max: number) =>
  Schema.Array(item)
    .annotate({ message: typeProblem("list") })
    .check(
      Schema.isMaxLength(max, {
        message: problem(`Longer than maximum length ${max}.`, "length", { min: null, max })
      })
    )

/** The parameters that every list has (contracts/auth.md 2). The first of `columns` is the default order. */
export const listQuery = <const Columns extends readonly [string, ...ReadonlyArray<string>]>(
  columns: Columns
) => ({
  order: optional(oneOf(columns), columns[0]),
  direction: optional(oneOf(["asc", "desc"]), "asc"),
  limit: Schema.optionalKey(queryInteger(0, 2_147_483_647)),
  offset: optional(queryInteger(0, 2_147_483_647), "0"),
  search: Schema.optionalKey(longText),
  recurse: optional(flag, "false")
})

/** A page of a list. */
export const page = <S extends Schema.Top>(item: S) =>
  Schema.Struct({ items: Schema.Array(item), total: Schema.Int, filtered: Schema.Int })

/** An object with these fields; others are ignored. */
export const objectOf = <const Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotate({ message: problem("Invalid input type.", "type", "dict") })
