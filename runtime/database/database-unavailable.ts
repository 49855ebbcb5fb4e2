import { Data } from "effect"
import type { SqlError } from "effect/sql"

/** The database did not open at the start. `where` is host, port and name, or the folder; never a password. */
export class DatabaseUnavailable extends Data.TaggedError("DatabaseUnavailable")<{
  readonly where: string
  readonly reason: string
}> {
  static readonly fromSqlError = (where: string, { reason }: SqlError.SqlError): DatabaseUnavailable =>
    new DatabaseUnavailable({ where, reason: causeMessage(reason.cause) ?? reason.message ?? reason._tag })

  override get message() {
    return `the database ${this.where} is not available: ${this.reason}`
  }
}

/** A refused connection to several addresses of a host has its messages only in the single errors. */
const causeMessage = (cause: unknown): string | undefined => {
  if (cause instanceof AggregateError) return cause.errors.map(causeMessage).join("; ")
  return cause instanceof Error && cause.message !== "" ? cause.message : undefined
}
