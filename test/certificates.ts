import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { Effect, type Scope } from "effect"
import { temporaryFolder } from "./runtime.ts"

/** A certificate that is its own authority, and its key, as PEM. */
export interface Certificate {
  readonly file: string
  readonly cert: string
  readonly key: string
}

/** A certificate for these names and addresses (`DNS:localhost`, `IP:127.0.0.1`), gone with the scope. */
export const makeCertificate = Effect.fnUntraced(function* (
  ...names: ReadonlyArray<string>
): Effect.fn.Return<Certificate, never, Scope.Scope> {
  const folder = yield* temporaryFolder
  const file = join(folder, "cert.pem")
  const keyFile = join(folder, "key.pem")
  return yield* Effect.promise(async () => {
    const subject = ["-subj", "/CN=strowger test", "-addext", `subjectAltName=${names.join(",")}`]
    const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" ")
    await promisify(execFile)("openssl", [...kind, ...subject, "-keyout", keyFile, "-out", file])
    return { file, cert: await readFile(file, "utf8"), key: await readFile(keyFile, "utf8") }
  })
})
