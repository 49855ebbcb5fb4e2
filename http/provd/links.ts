/**
 * Paths as provd's clients know them (contracts/provisioning.md 4.4): they cut the first parts off and append the
 * rest to their own base, so neither `/api/provd` nor a host may be in front.
 */
export const pathTo = (...segments: ReadonlyArray<string>): string =>
  `/0.2/${segments.map((segment) => segment.split("/").map(encodeURIComponent).join("/")).join("/")}`

/** A resource that only says where others are. */
export const linksTo = (targets: Readonly<Record<string, string>>) => ({
  links: Object.entries(targets).map(([rel, target]) => ({ rel, href: pathTo(target) }))
})
