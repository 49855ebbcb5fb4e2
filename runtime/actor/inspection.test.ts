import { assert, describe, it } from "@effect/vitest"
import {
  array,
  assert as holds,
  constantFrom,
  dictionary,
  jsonValue,
  oneof,
  property,
  string,
  tuple
} from "fast-check"
import { redact } from "./inspection.ts"

const canary = "canary-93f1"

const secretNames =
  "password userPassword sip_passwd passphrase secret amiSecret token refresh_token credentials Authorization Cookie apiKey api_key privateKey key ha1 pin otp".split(
    " "
  )

/** A secret under its name, in one of the ways it is written down. */
const planted = tuple(constantFrom(...secretNames), constantFrom("text", "list", "object")).chain(
  ([name, form]) => {
    const value = form === "text" ? canary : form === "list" ? [canary] : { inner: canary }
    return constantFrom<unknown>({ [name]: value }, { name, value: canary }, [name, canary])
  }
)

/** That secret somewhere in a value. */
const hidden = tuple(planted, array(oneof(string(), jsonValue()), { maxLength: 4 })).map(([secret, path]) =>
  path.reduce<unknown>(
    (inner, step) =>
      typeof step === "string" ? { [`in ${step}`]: inner, beside: step } : [step, inner, step],
    secret
  )
)

describe("what watchers are shown", () => {
  it("has no secret, wherever it hides", () => {
    holds(property(hidden, (value) => !JSON.stringify(redact(value)).includes(canary)))
  })

  it("is everything else as it is", () => {
    const plain = dictionary(
      constantFrom("extension", "context", "queue", "at"),
      constantFrom(1, null, true, "sales")
    )
    holds(
      property(array(plain), (value) => {
        assert.deepEqual(redact(value), value)
      })
    )
  })

  it("does not change when it is redacted again", () => {
    holds(
      property(hidden, (value) => {
        assert.deepEqual(redact(redact(value)), redact(value))
      })
    )
  })

  it("tells whether a secret is there, but not what it is", () => {
    assert.deepEqual(redact({ hasPassword: true, password: null, secret: "x" }), {
      hasPassword: true,
      password: null,
      secret: "***"
    })
  })
})
