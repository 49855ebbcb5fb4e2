import { element } from "./dom.js"

const key = "strowger-inspection-token"

/** The token is forgotten with the tab. */
export const token = () => sessionStorage.getItem(key)

export const forgetToken = () => sessionStorage.removeItem(key)

/** Shows the sign-in form; resolves when a token is there. */
export const signIn = (room, reason) =>
  new Promise((resolve) => {
    const name = element("input", { name: "username", autocomplete: "username" })
    const password = element("input", { type: "password", autocomplete: "current-password" })
    const ownToken = element("input", { type: "password", placeholder: "X-Auth-Token", autocomplete: "off" })
    const problem = element("p", { class: "problem", role: "alert" }, reason ?? "")
    const submit = async (event) => {
      event.preventDefault()
      problem.textContent = ""
      try {
        const given = ownToken.value.trim() || (await login(name.value, password.value))
        sessionStorage.setItem(key, given)
        room.replaceChildren()
        resolve()
      } catch (error) {
        problem.textContent = error.message
      }
    }
    room.replaceChildren(
      element(
        "form",
        { class: "sign-in", onsubmit: submit },
        element("h2", {}, "Sign in"),
        element("p", {}, "With a user or a token of the master tenant."),
        element("label", {}, "User name", name),
        element("label", {}, "Password", password),
        element("p", { class: "or" }, "or"),
        element("label", {}, "Token", ownToken),
        problem,
        element("button", { class: "main" }, "Sign in")
      )
    )
    name.focus()
  })

const login = async (username, password) => {
  const credentials = btoa(String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`)))
  const response = await fetch("/api/auth/0.1/token", {
    method: "POST",
    headers: { Authorization: `Basic ${credentials}`, "Content-Type": "application/json" },
    body: JSON.stringify({ expiration: 28_800 })
  })
  if (response.status === 401) throw new Error("User name or password is wrong.")
  if (!response.ok) throw new Error(`Sign-in failed (${response.status}).`)
  return (await response.json()).data.token
}
