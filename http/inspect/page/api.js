import { token } from "./session.js"

/** The token is no longer taken. */
export class SignedOut extends Error {}

const call = async (method, path) => {
  const response = await fetch(`/api/inspect${path}`, { method, headers: { "X-Auth-Token": token() ?? "" } })
  if (response.ok) return response
  const body = await response.json().catch(() => ({}))
  if (response.status === 401) {
    const reason = body.details?.reason
    throw new SignedOut(
      reason === "missing_permission"
        ? `This token lacks ${body.details.required_access}.`
        : reason === "not_master_tenant"
          ? "This token is not of the master tenant."
          : "The token is unknown or has expired."
    )
  }
  throw new Error(body.message ?? `The server answered ${response.status}`)
}

const actorPath = (kind, id) => `/actors/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`

export const fetchKinds = async () => (await (await call("GET", "/kinds")).json()).items
export const fetchDiagram = async (kind) =>
  (await call("GET", `/kinds/${encodeURIComponent(kind)}/diagram.svg`)).text()
export const fetchActors = async (query) => (await call("GET", `/actors?${new URLSearchParams(query)}`)).json()
export const fetchActor = async (kind, id) => (await call("GET", actorPath(kind, id))).json()
export const operate = (kind, id, operation) => call("POST", `${actorPath(kind, id)}/${operation}`)
