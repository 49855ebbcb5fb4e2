import type { SynchronizeTools } from "../../schemas/provd/phone-plugin.ts"

/** What stands in a form, by the names of its fields. */
export type Form = Readonly<Record<string, string | number>>

/** A page of a base, and the path that it came from after all redirections. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** The web pages of a base, asked for one after the other in one session. */
export interface WebForms {
  readonly get: (path: string) => Promise<Page>
  readonly post: (path: string, form: Form) => Promise<Page>
}

/** A session with the base at an address. A request fails when the base is away or answers with an error. */
export const webForms = (address: string, tools: Pick<SynchronizeTools, "fetch" | "signal">): WebForms => {
  const cookies = new Map<string, string>()
  const request = async (url: URL, form: Form | undefined, redirections: number): Promise<Page> => {
    const response = await tools.fetch(url, {
      method: form === undefined ? "GET" : "POST",
      headers: headers(cookies, form),
      redirect: "manual",
      signal: tools.signal,
      ...(form === undefined ? {} : { body: encoded(form) })
    })
    remember(cookies, response)
    const target = response.headers.get("location")
    const text = await response.text()
    if (response.status >= 300 && response.status < 400 && target !== null) {
      const next = new URL(target, url)
      if (next.host !== url.host) throw new Error("the base sends us to another address")
      if (redirections === 0) throw new Error("the base sends us in a circle")
      return request(next, undefined, redirections - 1)
    }
    if (!response.ok) throw new Error(`the base answers ${response.status} to ${url.pathname}`)
    return { path: url.pathname, text }
  }
  const base = new URL(`http://${address.includes(":") ? `[${address}]` : address}/`)
  return {
    get: (path) => request(new URL(path, base), undefined, maxRedirections),
    post: (path, form) => request(new URL(path, base), form, maxRedirections)
  }
}

const maxRedirections = 5

const headers = (cookies: ReadonlyMap<string, string>, form: Form | undefined): Record<string, string> => ({
  ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
  ...(cookies.size === 0
    ? {}
    : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") })
})

const encoded = (form: Form) =>
  new URLSearchParams(Object.entries(form).map(([name, value]) => [name, String(value)])).toString()

const remember = (cookies: Map<string, string>, response: Response) => {
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=;\s]+)=([^;]*)/.exec(line) ?? []
    if (name !== undefined && value !== undefined) cookies.set(name, value)
  }
}
