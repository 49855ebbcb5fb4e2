import { Schema, SchemaTransformation } from "effect"

/**
 * The query of a list (contracts/callcenter.md 10): `limit`, `offset`, `order`, `direction`, `search`, `recurse`
 * and every column as an exact filter. A value that makes no sense is a decoding error that names the parameter;
 * unknown parameters are ignored.
 */
export const pageQuery = <const Column extends string>(columns: ReadonlyArray<Column>) => ({
  // The record has exactly one key for each column; `fromEntries` loses their names.
  ...(Object.fromEntries(columns.map((column) => [column, Schema.optionalKey(QueryText)])) as {
    readonly [C in Column]: typeof filter
  }),
  limit: Schema.optionalKey(wholeFrom(1)),
  offset: Schema.optionalKey(wholeFrom(0)),
  order: Schema.optionalKey(Schema.Literals(columns)),
  direction: Schema.optionalKey(Schema.Literals(["asc", "desc"])),
  search: Schema.optionalKey(QueryText),
  recurse: Schema.optionalKey(Switch)
})

/** A decoded list query. A column that is present filters exactly. */
export type PageQuery<Column extends string> = {
  readonly limit?: number
  readonly offset?: number
  readonly order?: Column
  readonly direction?: "asc" | "desc"
  readonly search?: string
  readonly recurse?: boolean
} & { readonly [C in Column]?: string }

/** One page, and how many rows there are on all of them. */
export interface Page<Item> {
  readonly total: number
  readonly items: ReadonlyArray<Item>
}

/** The answer to a list query. */
export const pageOf = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({ total: Schema.Int, items: Schema.Array(item) })

/** PostgreSQL has no NUL in text; nobody searches for a novel. */
const QueryText = Schema.String.check(
  Schema.isMaxLength(1024),
  // oxlint-disable-next-line no-control-regex
  Schema.isPattern(/^[^\u0000]*$/, { message: "Expected text without NUL" })
)
const filter = Schema.optionalKey(QueryText)

const wholeFrom = (minimum: number) =>
  Schema.String.check(Schema.isPattern(/^[0-9]{1,10}$/, { message: "Expected a whole number" })).pipe(
    Schema.decodeTo(
      Schema.Int.check(Schema.isBetween({ minimum, maximum: 2_147_483_647 })),
      SchemaTransformation.numberFromString
    )
  )

const Switch = Schema.Literals(["true", "True", "false", "False", ""]).pipe(
  Schema.decodeTo(
    Schema.Boolean,
    SchemaTransformation.transform({
      decode: (value) => value === "true" || value === "True",
      encode: (value) => (value ? "true" : "false")
    })
  )
)
