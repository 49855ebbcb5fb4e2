import { assert, describe, it } from "@effect/vitest"
import { HttpServerResponse } from "effect/http"
import { agentdSurface } from "./surface.ts"

describe("problems in agentd's words (2)", () => {
  it("a defect is 500 server error, with the id under which the log tells more", async () => {
    const response = HttpServerResponse.toWeb(agentdSurface.problem({ kind: "internal", requestId: "r-1" }))
    assert.strictEqual(response.status, 500)
    assert.deepEqual(await response.json(), { error: "server error", request_id: "r-1" })
  })

  it("an unknown route is 404 and a malformed body 400, each with an error text", async () => {
    const unknown = HttpServerResponse.toWeb(agentdSurface.problem({ kind: "unknown-path" }))
    assert.strictEqual(unknown.status, 404)
    assert.hasAllKeys(await unknown.json(), ["error"])
    const malformed = HttpServerResponse.toWeb(
      agentdSurface.problem({ kind: "malformed-body", message: "x" })
    )
    assert.strictEqual(malformed.status, 400)
    assert.deepEqual(await malformed.json(), { error: "x" })
  })
})
