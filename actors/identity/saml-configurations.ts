import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Conflict, Invalid, NotFound } from "../../schemas/auth/errors.ts"
import {
  type SamlConfigView,
  samlConfigConflict,
  samlConfigInvalid,
  unknownSamlConfig
} from "../../schemas/auth/saml.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { type IdentityProviderMetadata, normaliseXml, readMetadata } from "./saml-metadata.ts"

/** What an administrator gives for a tenant. */
export interface SamlConfigInput {
  readonly domain_uuid: string
  readonly entity_id: string
  readonly acs_url: string
  /** The metadata of the identity provider: any well-formed XML. */
  readonly metadata: string
}

/** A tenant's side of SAML, and that of its identity provider. */
export interface SamlConfiguration {
  readonly tenantUuid: string
  readonly entityId: string
  readonly acsUrl: string
  readonly provider: IdentityProviderMetadata
}

/** SAML configurations, one a tenant, each for one of the tenant's domains (contracts/auth.md 14). */
export class SamlConfigurations extends Context.Service<
  SamlConfigurations,
  {
    readonly get: (tenantUuid: string) => Effect.Effect<SamlConfigView, NotFound>
    readonly create: (
      tenantUuid: string,
      input: SamlConfigInput
    ) => Effect.Effect<SamlConfigView, Invalid | Conflict>
    /** What is absent keeps its value. */
    readonly update: (
      tenantUuid: string,
      input: Partial<SamlConfigInput>
    ) => Effect.Effect<SamlConfigView, Invalid | NotFound>
    readonly remove: (tenantUuid: string) => Effect.Effect<void>
    readonly metadata: (tenantUuid: string) => Effect.Effect<string, NotFound>
    /** For a login; undefined when there is none or its metadata cannot be used. */
    readonly ofTenant: (tenantUuid: string) => Effect.Effect<SamlConfiguration | undefined>
    readonly ofDomain: (domain: string) => Effect.Effect<SamlConfiguration | undefined>
  }
>()("strowger/actors/identity/SamlConfigurations") {
  static readonly layer: Layer.Layer<SamlConfigurations, never, SqlClient.SqlClient | Transactions> =
    Layer.effect(
      SamlConfigurations,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const transactions = yield* Transactions
        const configurationOf = makeReader()

        const find = Effect.fnUntraced(function* (tenantUuid: string) {
          const [row] = yield* sql<SamlRow>`
            select tenant_uuid, domain_uuid, entity_id, acs_url, metadata from auth_saml_config
            where tenant_uuid = ${tenantUuid}`
          return row ?? (yield* unknownSamlConfig(tenantUuid))
        })

        const requireDomain = Effect.fnUntraced(function* (tenantUuid: string, uuid: string) {
          const [own] = yield* sql`
            select 1 from auth_tenant_domain where uuid = ${uuid} and tenant_uuid = ${tenantUuid}`
          if (own === undefined) return yield* samlConfigInvalid("domain_uuid", "Not a domain of the tenant")
        })

        const create = (tenantUuid: string, input: SamlConfigInput) =>
          transactions.run(
            Effect.fnUntraced(function* () {
              const metadata = yield* wellFormed(input.metadata)
              yield* requireDomain(tenantUuid, input.domain_uuid)
              const created = yield* sql`
                insert into auth_saml_config
                ${sql.insert({ ...input, metadata, tenant_uuid: tenantUuid })}
                on conflict do nothing returning tenant_uuid`
              if (created.length === 0) return yield* samlConfigConflict(tenantUuid)
              return viewOf({ ...input, metadata, tenant_uuid: tenantUuid })
            })
          )

        const update = (tenantUuid: string, input: Partial<SamlConfigInput>) =>
          transactions.run(
            Effect.fnUntraced(function* () {
              const known = yield* find(tenantUuid)
              const metadata =
                input.metadata === undefined ? known.metadata : yield* wellFormed(input.metadata)
              if (input.domain_uuid !== undefined) yield* requireDomain(tenantUuid, input.domain_uuid)
              const { tenant_uuid: _, ...row } = { ...known, ...input, metadata }
              yield* sql`
                update auth_saml_config set ${sql.update(row)} where tenant_uuid = ${tenantUuid}`
              return viewOf({ ...known, ...row })
            })
          )

        return {
          create,
          update,
          get: (tenantUuid) => dieOnSqlError(Effect.map(find(tenantUuid), viewOf)),
          metadata: (tenantUuid) => dieOnSqlError(Effect.map(find(tenantUuid), ({ metadata }) => metadata)),
          remove: (tenantUuid) =>
            Effect.asVoid(dieOnSqlError(sql`delete from auth_saml_config where tenant_uuid = ${tenantUuid}`)),
          ofTenant: (tenantUuid) =>
            dieOnSqlError(
              Effect.map(
                sql<SamlRow>`select * from auth_saml_config where tenant_uuid = ${tenantUuid}`,
                ([row]) => row && configurationOf(row)
              )
            ),
          ofDomain: (domain) =>
            dieOnSqlError(
              Effect.map(
                sql<SamlRow>`
                  select c.* from auth_saml_config c join auth_tenant_domain d on d.uuid = c.domain_uuid
                  where d.name = ${domain}`,
                ([row]) => row && configurationOf(row)
              )
            )
        }
      })
    )
}

interface SamlRow extends SamlConfigInput {
  readonly tenant_uuid: string
}

const wellFormed = (metadata: string) => {
  const normalised = normaliseXml(metadata)
  return normalised === undefined
    ? Effect.fail(samlConfigInvalid("metadata", "Not a valid XML document"))
    : Effect.succeed(normalised)
}

const viewOf = ({ metadata: _, ...view }: SamlRow): SamlConfigView => view

/** Reads rows. Metadata that was read before, which is large and seldom changes, is not parsed again. */
const makeReader = () => {
  const known = new Map<string, { readonly text: string; readonly provider: Provider }>()
  const providerOf = ({ tenant_uuid, metadata }: SamlRow): Provider => {
    const last = known.get(tenant_uuid)
    if (last?.text === metadata) return last.provider
    const provider = readMetadata(metadata)
    if (known.size >= mostKnown) known.clear()
    known.set(tenant_uuid, { text: metadata, provider })
    return provider
  }
  return (row: SamlRow): SamlConfiguration | undefined => {
    const provider = providerOf(row)
    return provider && { tenantUuid: row.tenant_uuid, entityId: row.entity_id, acsUrl: row.acs_url, provider }
  }
}

type Provider = IdentityProviderMetadata | undefined
/** Tenants whose metadata is kept in memory. */
const mostKnown = 1_000
