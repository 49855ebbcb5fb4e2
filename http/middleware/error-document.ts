import { HttpServerResponse } from "effect/http"
import { type Problem, problemStatus, problemText, type Surface } from "./surface.ts"

type ErrorIds = Readonly<Record<Problem["kind"], string>>

/** amid's ids of problems (contracts/callcenter.md 2). */
const amidIds: ErrorIds = {
  "unknown-path": "not-found",
  "method-not-allowed": "method-not-allowed",
  "malformed-body": "invalid-data",
  "unsupported-media-type": "invalid-data",
  "body-too-large": "invalid-data",
  internal: "unexpected-error"
}

/**
 * Words problems as the surfaces do whose error is a document `{message, error_id, details, timestamp}`, the time in
 * seconds since the epoch: with amid's ids (contracts/callcenter.md 2) but for those that the surface has of its own.
 */
export const errorDocument =
  (ids: Partial<ErrorIds> = {}): Surface["problem"] =>
  (problem) =>
    HttpServerResponse.jsonUnsafe(
      {
        message: problemText(problem),
        error_id: ids[problem.kind] ?? amidIds[problem.kind],
        details: {},
        timestamp: Date.now() / 1000
      },
      { status: problemStatus(problem) }
    )
