import { Schema, SchemaTransformation } from "effect"

/** A row id in a path or query: decimal digits that fit a PostgreSQL integer. */
export const IdFromString = Schema.String.check(Schema.isPattern(/^[0-9]{1,10}$/)).pipe(
  Schema.decodeTo(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 })),
    SchemaTransformation.numberFromString
  )
)

/** A row id in a body: a whole number, or its decimal digits as a string. */
export const Id = Schema.Union([
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 })),
  IdFromString
])

/** The `recurse` switch of lists: exactly `true` or `True`; anything else is false. */
export const isRecurse = (value: string | undefined): boolean => value === "true" || value === "True"
