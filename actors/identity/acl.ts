import { Glob } from "./glob.ts"

/** Whom the words `me` and `my_session` of an access stand for. */
export interface AclSubject {
  /** The user's uuid, or the name of an internal service. */
  readonly authId: string
  readonly sessionUuid: string
}

/**
 * A list of accesses made ready for many checks (contracts/auth.md 4). It knows no subject, so that all tokens
 * with the same list share one.
 */
export interface CompiledAcl {
  readonly accesses: ReadonlyArray<string>
  /** Whether the list grants `required`; null (nothing asked) is always granted. */
  readonly matches: (required: string | null, subject: AclSubject) => boolean
  /** Whether the holder may give this access to somebody. */
  readonly mayAdd: (access: string, subject: AclSubject) => boolean
  /** Whether the holder may take this access from somebody. */
  readonly mayRemove: (access: string, subject: AclSubject) => boolean
}

/** A longer required access matches nothing. No endpoint or event has one; it bounds the work of one check. */
export const maxRequiredLength = 4096

/**
 * Compiles a list of accesses.
 *
 * **Details**
 * The accesses form a tree of words. A check walks the words of the required access down the tree, so literal
 * accesses cost one map look-up a word however many there are; a word with `#` ends the walk and the rest of
 * that access is read by a `Glob`. Each node is visited at most once a check.
 */
export const compileAcl = (accesses: ReadonlyArray<string>): CompiledAcl => {
  const granted = makeNode()
  const denied = makeNode()
  for (const access of new Set(accesses)) {
    if (access.startsWith("!")) plant(denied, access.slice(1))
    else plant(granted, access)
  }
  const denies = !isEmpty(denied)
  const matches = (required: string | null, subject: AclSubject): boolean => {
    if (required === null) return true
    if (required.length > maxRequiredLength) return false
    if (denies && reaches(denied, required, 0, subject)) return false
    return reaches(granted, required, 0, subject)
  }
  return {
    accesses,
    matches,
    mayAdd: (access, subject) => access.startsWith("!") || matches(access, subject),
    mayRemove: (access, subject) => matches(access.startsWith("!") ? access.slice(1) : access, subject)
  }
}

/** The words after which a node stands are the path to it. Parts are made when first needed. */
interface Node {
  /** An access ends here. */
  ends: boolean
  /** An access goes on with `#` alone: everything below is granted. */
  everything: boolean
  words: Map<string, Node> | undefined
  /** Below the word `*`. */
  anyWord: Node | undefined
  /** Below words with a `*` inside. */
  patterns: Map<string, { readonly glob: Glob; readonly node: Node }> | undefined
  /** The rests of accesses whose next word holds a `#`. */
  tails: Array<Tail> | undefined
}

interface Tail {
  readonly glob: Glob | undefined
  /** Set when the tail names `me` or `my_session`: its automaton depends on the subject. */
  readonly source: string
}

const makeNode = (): Node => ({
  ends: false,
  everything: false,
  words: undefined,
  anyWord: undefined,
  patterns: undefined,
  tails: undefined
})

const isEmpty = (node: Node): boolean =>
  !node.ends && !node.everything && !node.words && !node.anyWord && !node.patterns && !node.tails

const plant = (root: Node, access: string): void => {
  let node = root
  for (let start = 0; start <= access.length; ) {
    const dot = access.indexOf(".", start)
    const end = dot === -1 ? access.length : dot
    const word = access.slice(start, end)
    if (word.includes("#")) return plantTail(node, access.slice(start))
    node = childFor(node, word)
    start = end + 1
  }
  node.ends = true
}

const plantTail = (node: Node, source: string): void => {
  if (source === "#") {
    node.everything = true
    return
  }
  node.tails ??= []
  node.tails.push({ source, glob: namesSubject(source) ? undefined : new Glob(source, editAlias) })
}

const childFor = (node: Node, word: string): Node => {
  if (word === "*") {
    node.anyWord ??= makeNode()
    return node.anyWord
  }
  if (word.includes("*")) {
    node.patterns ??= new Map()
    const known = node.patterns.get(word)
    if (known) return known.node
    const created = { glob: new Glob(word), node: makeNode() }
    node.patterns.set(word, created)
    return created.node
  }
  node.words ??= new Map()
  const known = node.words.get(aliasKey(word))
  if (known) return known
  const created = makeNode()
  node.words.set(aliasKey(word), created)
  return created
}

/** Words that stand for several are kept under a key that no word of a required access can be. */
const aliasKey = (word: string): string =>
  word === "me" ? meKey : word === "my_session" ? sessionKey : word === "edit" ? editKey : word

const meKey = ".me"
const sessionKey = ".my_session"
const editKey = ".edit"
const editAlias: ReadonlyMap<string, ReadonlyArray<string>> = new Map([["edit", ["edit", "update"]]])

/** Whether an access planted at `node` matches the required access from `start` on. */
const reaches = (node: Node, required: string, start: number, subject: AclSubject): boolean => {
  if (node.everything) return true
  if (node.tails?.some((tail) => globOf(tail, subject).test(required, start))) return true
  const dot = required.indexOf(".", start)
  const end = dot === -1 ? required.length : dot
  const word = required.slice(start, end)
  const under = (child: Node | undefined): boolean =>
    child !== undefined && (dot === -1 ? child.ends : reaches(child, required, end + 1, subject))
  if (node.words) {
    if (under(node.words.get(word))) return true
    if ((word === "me" || word === subject.authId) && under(node.words.get(meKey))) return true
    if ((word === "my_session" || word === subject.sessionUuid) && under(node.words.get(sessionKey)))
      return true
    if ((word === "edit" || word === "update") && under(node.words.get(editKey))) return true
  }
  if (node.anyWord && !word.includes("#") && under(node.anyWord)) return true
  if (!node.patterns) return false
  for (const { glob, node: child } of node.patterns.values()) if (glob.test(word) && under(child)) return true
  return false
}

const namesSubject = (source: string): boolean =>
  source.split(".").some((word) => word === "me" || word === "my_session")

const globOf = (tail: Tail, subject: AclSubject): Glob =>
  tail.glob ??
  new Glob(
    tail.source,
    new Map([
      ...editAlias,
      ["me", ["me", subject.authId]],
      ["my_session", ["my_session", subject.sessionUuid]]
    ])
  )
