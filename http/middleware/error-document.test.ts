import { assert, describe, it } from "@effect/vitest"
import { HttpServerResponse } from "effect/http"
import { amidSurface } from "../amid/surface.ts"
import { inspectSurface } from "../inspect/surface.ts"
import { supervisorSurface } from "../supervisor/surface.ts"
import { webhookdSurface } from "../webhookd/surface.ts"
import type { Problem, Surface } from "./surface.ts"

const answered = async ({ problem }: Surface, what: Problem) => {
  const response = HttpServerResponse.toWeb(problem(what))
  const { timestamp, ...body } = (await response.json()) as Readonly<Record<string, unknown>>
  assert.approximately(Number(timestamp), Date.now() / 1000, 5)
  return [response.status, body]
}

const tooLarge = { kind: "body-too-large" } as const
const internal = { kind: "internal", requestId: "4711" } as const

const document = (error_id: string, message: string) => ({ message, error_id, details: {} })

describe("a problem around the handlers", () => {
  for (const surface of [amidSurface, supervisorSurface, inspectSurface]) {
    it(`is told by ${surface.prefix} as a document with amid's ids (contracts/callcenter.md 2)`, async () => {
      assert.deepStrictEqual(await answered(surface, { kind: "unknown-path" }), [
        404,
        document("not-found", "The requested URL was not found on the server")
      ])
      assert.deepStrictEqual(await answered(surface, tooLarge), [
        413,
        document("invalid-data", "The request body is too large")
      ])
      assert.deepStrictEqual(await answered(surface, internal), [
        500,
        document("unexpected-error", "Internal server error (request 4711)")
      ])
    })
  }

  it("is told by webhookd as the same document, with ids of its own (contracts/webhooks.md 3)", async () => {
    assert.deepStrictEqual(await answered(webhookdSurface, { kind: "malformed-body", message: "No JSON" }), [
      400,
      document("invalid-data", "No JSON")
    ])
    assert.deepStrictEqual(await answered(webhookdSurface, tooLarge), [
      413,
      document("body-too-large", "The request body is too large")
    ])
    assert.deepStrictEqual(await answered(webhookdSurface, internal), [
      500,
      document("internal-error", "Internal server error (request 4711)")
    ])
  })
})
