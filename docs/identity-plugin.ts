import type { IdentityPlugin } from "../actors/identity/plugin.ts"

/**
 * A plugin of identity to begin from: copy it into the folder of STROWGER_PLUGIN_DIR. Users whose authentication
 * method is `badge` log in with their username and the number of their badge, which a real plugin would ask the
 * door system for.
 */
export const plugin: IdentityPlugin = {
  name: "badges",
  backends: [
    {
      name: "badge_user",
      verifyPassword: (login, password) => Promise.resolve(badges.get(login) === password),
      acl: (user, usual) => Promise.resolve([...usual, `doors.${user.login}.open`])
    }
  ],
  identityProviders: [
    {
      method: "badge",
      accepts: ({ credentials }) => credentials !== undefined && /^badge-\d+$/.test(credentials.password),
      backend: "badge_user"
    }
  ],
  metadata: [
    {
      purposes: ["user"],
      token: (user) => Promise.resolve({ floor: floors.get(user.login) ?? null }),
      persistent: () => Promise.resolve({ issued_by: "badges" })
    }
  ],
  routes: [
    {
      method: "GET",
      path: "/badges/:login",
      access: "auth.badges.{login}.read",
      handle: ({ path: { login = "" } }) => {
        const badge = badges.get(login)
        return Promise.resolve(badge === undefined ? { status: 404, body: {} } : { body: { login, badge } })
      }
    }
  ]
}

const badges = new Map([["ada", "badge-1815"]])
const floors = new Map([["ada", 3]])
