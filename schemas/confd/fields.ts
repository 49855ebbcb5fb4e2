import { Schema, SchemaTransformation } from "effect"

// oxlint-disable-next-line no-control-regex
const withoutNul = Schema.isPattern(/^[^\u0000]*$/, { message: "Expected text without NUL" })

/** Text of bounded length. PostgreSQL stores no NUL. */
export const text = (maximum: number, minimum = 0) =>
  Schema.String.check(Schema.isMinLength(minimum), Schema.isMaxLength(maximum), withoutNul)

/** Text of a given form. */
export const formed = (form: RegExp, maximum: number) =>
  Schema.String.check(
    Schema.isMaxLength(maximum),
    withoutNul,
    Schema.isPattern(form, { message: "String does not match expected pattern." })
  )

/** Text without a bound of its own in the contract. */
export const FreeText = text(10_000)

/** A field that may be absent or null. */
export const nullable = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** A whole number in a body; its decimal digits as a string are accepted too. */
export const whole = (minimum: number, maximum = 2_147_483_647) => {
  const number = Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const digits = Schema.String.check(
    Schema.isPattern(/^[0-9]{1,10}$/, { message: "Expected a whole number" })
  )
  return Schema.Union([number, digits.pipe(Schema.decodeTo(number, SchemaTransformation.numberFromString))])
}

/** A uuid in a path, in lower case. */
export const UuidFromPath = formed(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 36).pipe(
  Schema.decode(SchemaTransformation.toLowerCase())
)

/** `[key, value]` pairs of an Asterisk section or queue. */
export const Options = Schema.Array(Schema.Tuple([text(128, 1), text(4092)])).check(Schema.isMaxLength(512))
export type Options = typeof Options.Type

export const Link = Schema.Struct({ rel: Schema.String, href: Schema.String })
export const Links = Schema.Array(Link)

/**
 * A resource without its links: what the domain knows. Links are written where the address of the server is
 * known.
 */
export type Unlinked<T> =
  T extends ReadonlyArray<infer Item>
    ? T extends readonly [unknown, ...ReadonlyArray<unknown>]
      ? T
      : ReadonlyArray<Unlinked<Item>>
    : T extends object
      ? { readonly [K in keyof T as K extends "links" ? never : K]: Unlinked<T[K]> }
      : T
