import { Effect, type Scope } from "effect"
import { PhoneRequests, type Served } from "../../actors/device/phone-requests.ts"
import { AppConfig } from "../../runtime/config.ts"
import { type TftpListenFailed, tftpListener } from "../../runtime/tftp/listener.ts"
import { bytesSource, type TftpSource } from "../../runtime/tftp/tftp.ts"
import { fileSource } from "./file-source.ts"

/**
 * The port that phones fetch their files from over TFTP (contracts/provisioning.md, section 9), through the same chain
 * as over HTTP. Gives the port.
 */
export const phoneTftpListener = Effect.gen(function* (): Effect.fn.Return<
  number,
  TftpListenFailed,
  AppConfig | PhoneRequests | Scope.Scope
> {
  const config = yield* AppConfig
  const phones = yield* PhoneRequests
  const { port } = yield* tftpListener({
    host: config.tftpHost,
    port: config.tftpPort,
    drainTimeout: config.drainTimeout,
    open: ({ path, address }) => {
      const served = phones.serve({ protocol: "tftp", path, query: {}, userAgent: "", address, options: {} })
      return Effect.isEffect(served) ? Effect.flatMap(served, opened) : directly(served)
    }
  })
  return port
})

const opened = (served: Served): Effect.Effect<TftpSource | undefined> => {
  const source = directly(served)
  return Effect.isEffect(source) ? source : Effect.succeed(source)
}

const directly = (served: Served): TftpSource | undefined | Effect.Effect<TftpSource | undefined> => {
  switch (served.kind) {
    case "content":
      return bytesSource(served.content)
    case "file":
      return fileSource(served.root, served.path)
    case "missing":
    case "forbidden":
      return undefined
  }
}
