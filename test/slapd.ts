import { execFile, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { Effect, Schedule, type Scope } from "effect"
import { Client } from "ldapts"
import { eventually } from "./eventually.ts"
import { temporaryFolder } from "./runtime.ts"

/** Whether OpenLDAP's server is on this machine. */
export const slapdInstalled = existsSync("/usr/sbin/slapd")

/** A directory server of one test. */
export interface Slapd {
  /** Plain and StartTLS. */
  readonly port: number
  readonly securePort: number
  readonly baseDn: string
  readonly adminDn: string
  readonly adminPassword: string
  /** The certificate, which is its own authority. */
  readonly certificateFile: string
  /** Adds entries in LDIF. */
  readonly add: (ldif: string) => Effect.Effect<void>
  /** Stops (or lets go on) answering without closing a port. */
  readonly freeze: (frozen: boolean) => Effect.Effect<void>
}

const run = promisify(execFile)
const baseDn = "dc=example,dc=com"
const adminDn = `cn=admin,${baseDn}`
const adminPassword = "directory-admin"

/**
 * Starts slapd on free loopback ports, with `dc=example,dc=com`, its administrator, a service account `cn=blind` that
 * finds people but not their addresses (same password), and a certificate for 127.0.0.1. It ends with the scope, its data with it.
 */
export const startSlapd: Effect.Effect<Slapd, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const file = (name: string) => join(folder, name)
  yield* Effect.promise(async () => {
    await mkdir(file("data"))
    const subject = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    const key = `-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${file("key.pem")}`
    await run("openssl", `req -x509 -days 2 ${key} ${subject} -out ${file("cert.pem")}`.split(" "))
    await writeFile(file("slapd.conf"), configuration(folder))
    await writeFile(file("base.ldif"), base)
    await run("/usr/sbin/slapadd", ["-f", file("slapd.conf"), "-l", file("base.ldif")])
  })
  const [port, securePort] = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        "/usr/sbin/slapd",
        [
          "-d",
          "0",
          "-f",
          file("slapd.conf"),
          "-h",
          `ldap://127.0.0.1:${port}/ ldaps://127.0.0.1:${securePort}/`
        ],
        { stdio: "ignore" }
      )
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const asAdmin = <A>(use: (client: Client) => Promise<A>) =>
    Effect.tryPromise(async () => {
      const client = new Client({ url: `ldap://127.0.0.1:${port}`, connectTimeout: 1_000 })
      try {
        await client.bind(adminDn, adminPassword)
        return await use(client)
      } finally {
        await client.unbind()
      }
    })
  yield* asAdmin(async () => {}).pipe(
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 500 }),
    Effect.orDie
  )
  return {
    port,
    securePort,
    baseDn,
    adminDn,
    adminPassword,
    certificateFile: file("cert.pem"),
    add: (ldif) =>
      Effect.promise(async () => {
        await writeFile(file("add.ldif"), ldif)
        const url = `ldap://127.0.0.1:${port}`
        await run("ldapadd", ["-x", "-H", url, "-D", adminDn, "-w", adminPassword, "-f", file("add.ldif")])
      }),
    freeze: (frozen) =>
      Effect.andThen(
        Effect.sync(() => child.kill(frozen ? "SIGSTOP" : "SIGCONT")),
        eventually(
          Effect.promise(() => isStopped(child.pid)),
          (stopped) => stopped === frozen
        ).pipe(Effect.orDie, Effect.asVoid)
      )
  }
})

/** Every thread of a process: a signal reaches them one after the other. */
const isStopped = async (pid = 0): Promise<boolean> => {
  const threads = await readdir(`/proc/${pid}/task`)
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8"))
  )
  return states.every((stat) => /\) [Tt] /.test(stat))
}

const configuration = (folder: string): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/pid
TLSCACertificateFile ${folder}/cert.pem
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
database mdb
maxsize 16777216
suffix "${baseDn}"
rootdn "${adminDn}"
rootpw ${adminPassword}
directory ${folder}/data
access to attrs=userPassword by anonymous auth by * none
access to attrs=mail by dn.exact="cn=blind,${baseDn}" none by users read by * none
access to * by users read by * none
`

const base = `dn: ${baseDn}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=blind,${baseDn}
objectClass: person
cn: blind
sn: blind
userPassword: ${adminPassword}

dn: ou=people,${baseDn}
objectClass: organizationalUnit
ou: people
`

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
