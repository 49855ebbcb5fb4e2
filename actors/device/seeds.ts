import { randomInt } from "node:crypto"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { inTransaction } from "../../runtime/database/transaction.ts"
import type { ConfigDocument } from "../../schemas/provd/config-document.ts"
import { pbxHost } from "./base-config.ts"
import { ConfigStore } from "./config-store.ts"

/** Makes the first configs (contracts/provisioning.md 3.3) where they are missing. Never touches one that is there. */
export const seedsLayer: Layer.Layer<never, never, SqlClient.SqlClient | AppConfig | ConfigStore> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* ConfigStore
      const server = pbxHost(yield* AppConfig)
      yield* store.changing((revision) => {
        const missing = seeds(server)
          .filter(({ id }) => store.get(id) === undefined)
          .map((document) => ({ document, revision }))
        return inTransaction(
          sql,
          // Another node may be making them too.
          Effect.filter(missing, store.insert)
        ).pipe(
          dieOnSqlError,
          Effect.map((made) => ({
            result: undefined,
            apply: () => {
              for (const config of made) store.put(config)
            }
          }))
        )
      })
    })
  )

const lowerCaseAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
const lettersAndDigits = `${lowerCaseAndDigits}ABCDEFGHIJKLMNOPQRSTUVWXYZ`

const random = (length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("")

const seeds = (server: string): ReadonlyArray<ConfigDocument> => [
  {
    id: "base",
    X_type: "internal",
    deletable: false,
    parent_ids: [],
    raw_config: {
      ntp_enabled: true,
      ntp_ip: server,
      X_xivo_phonebook_ip: server,
      X_accent_phonebook_ip: server
    }
  },
  {
    id: "default",
    X_type: "registrar",
    deletable: false,
    displayname: "local",
    parent_ids: [],
    raw_config: { X_key: "" },
    proxy_main: server,
    registrar_main: server
  },
  {
    id: "defaultconfigdevice",
    X_type: "device",
    deletable: false,
    label: "Default config device",
    parent_ids: [],
    raw_config: {
      ntp_enabled: true,
      ntp_ip: server,
      sip_dtmf_mode: "RTP-out-of-band",
      admin_username: "admin",
      admin_password: random(16, lettersAndDigits),
      user_username: "user",
      user_password: random(16, lettersAndDigits)
    }
  },
  {
    id: "autoprov",
    X_type: "internal",
    deletable: false,
    role: "autocreate",
    parent_ids: ["base", "defaultconfigdevice"],
    raw_config: {
      sip_lines: {
        "1": {
          display_name: "Autoprov",
          number: "autoprov",
          username: `ap${random(8, lowerCaseAndDigits)}`,
          password: random(8, lettersAndDigits),
          proxy_ip: server,
          registrar_ip: server
        }
      },
      sccp_call_managers: { "1": { ip: server } }
    }
  }
]
