/** Whether the password of a user with this effective method is kept by another service (contracts/auth.md 7). */
export const isManagedExternally = (method: string): boolean => method === "saml" || method === "ldap"
