import { describe, expect, it } from "@effect/vitest"
import { assert, property, string } from "fast-check"
import { basicCredentials } from "./basic-credentials.ts"

const header = (text: string | Buffer) => `Basic ${Buffer.from(text).toString("base64")}`

describe("Basic credentials", () => {
  it("are login and password around the first colon", () => {
    expect(basicCredentials(header("anna:se:cret"))).toEqual({ login: "anna", password: "se:cret" })
    expect(basicCredentials(header("anna:secret").replace("Basic", "bAsIc"))).toBeDefined()
  })

  it("are UTF-8, or Latin-1 where that fails", () => {
    expect(basicCredentials(header("zoë:pässword"))).toEqual({ login: "zoë", password: "pässword" })
    expect(basicCredentials(header(Buffer.from("zoë:x", "latin1")))).toEqual({ login: "zoë", password: "x" })
  })

  it("are none when a part is empty or the header is something else", () => {
    const headers = [undefined, "", "Basic", "Basic ", "Basic *", "Bearer YTpi", header(""), header("a")]
    for (const given of [...headers, header(":b"), header("a:"), header(":"), "Basic YTpi YTpi"]) {
      expect(basicCredentials(given)).toBeUndefined()
    }
  })

  it("never fail, whatever the header", () => {
    assert(
      property(string({ unit: "binary", maxLength: 200 }), (text) => {
        basicCredentials(text)
        basicCredentials(`Basic ${text}`)
        basicCredentials(header(text))
      })
    )
  })
})
