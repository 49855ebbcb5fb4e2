import { type Token, tokenize } from "./lexer.ts"
import { TemplateError } from "./values.ts"

export interface Argument {
  readonly name?: string
  readonly spread?: "*" | "**"
  readonly value: Expression
}

export type Expression =
  | { readonly type: "literal"; readonly value: string | bigint | number | boolean | null }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "list" | "tuple"; readonly items: ReadonlyArray<Expression> }
  | { readonly type: "dict"; readonly items: ReadonlyArray<readonly [Expression, Expression]> }
  | { readonly type: "attribute"; readonly of: Expression; readonly name: string }
  | { readonly type: "item"; readonly of: Expression; readonly key: Expression }
  | {
      readonly type: "slice"
      readonly of: Expression
      readonly bounds: readonly [Expression | null, Expression | null, Expression | null]
    }
  | { readonly type: "call"; readonly of: Expression; readonly args: ReadonlyArray<Argument> }
  | {
      readonly type: "filter"
      readonly of: Expression | null
      readonly name: string
      readonly args: ReadonlyArray<Argument>
    }
  | {
      readonly type: "test"
      readonly of: Expression
      readonly name: string
      readonly args: ReadonlyArray<Argument>
      readonly negated: boolean
    }
  | { readonly type: "unary"; readonly operator: string; readonly of: Expression }
  | {
      readonly type: "binary"
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly type: "comparison"
      readonly first: Expression
      readonly rest: ReadonlyArray<readonly [operator: string, Expression]>
    }
  | {
      readonly type: "choice"
      readonly when: Expression
      readonly then: Expression
      readonly otherwise: Expression | null
    }

export interface Parameter {
  readonly name: string
  readonly otherwise: Expression | null
}

export type Statement =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "output"; readonly value: Expression }
  | {
      readonly type: "if"
      readonly branches: ReadonlyArray<{ readonly when: Expression | null; readonly body: Body }>
    }
  | {
      readonly type: "for"
      readonly target: Expression
      readonly over: Expression
      readonly when: Expression | null
      readonly body: Body
      readonly otherwise: Body
      readonly recursive: boolean
    }
  | { readonly type: "set"; readonly target: Expression; readonly value: Expression }
  | {
      readonly type: "set block"
      readonly target: Expression
      readonly filter: Expression | null
      readonly body: Body
    }
  | {
      readonly type: "with"
      readonly values: ReadonlyArray<readonly [Expression, Expression]>
      readonly body: Body
    }
  | { readonly type: "filter block"; readonly filter: Expression; readonly body: Body }
  | {
      readonly type: "macro"
      readonly name: string
      readonly parameters: ReadonlyArray<Parameter>
      readonly body: Body
    }
  | {
      readonly type: "call block"
      readonly call: Expression
      readonly parameters: ReadonlyArray<Parameter>
      readonly body: Body
    }

export type Body = ReadonlyArray<Statement>

/** The tree of a template; a mistake in it is a `TemplateError`. */
export const parse = (template: string): Body => {
  const parser = new Parser(tokenize(template))
  const { body, end } = parser.body([])
  if (end !== "") throw new TemplateError(`unexpected ${end}`)
  return body
}

/** Expressions and blocks nest no deeper than this. */
const depthLimit = 100

class Parser {
  readonly #tokens: ReadonlyArray<Token>
  #at = 0
  #depth = 0

  constructor(tokens: ReadonlyArray<Token>) {
    this.#tokens = tokens
  }

  /** Statements up to one of the given tags, which is consumed but for what follows its name. */
  body(ends: ReadonlyArray<string>): { readonly body: Body; readonly end: string } {
    const body: Array<Statement> = []
    this.#deeper()
    for (;;) {
      const token = this.#tokens[this.#at++]
      if (token === undefined) {
        if (ends.length > 0) throw new TemplateError(`missing ${ends.at(-1)}`)
        this.#depth--
        return { body, end: "" }
      }
      if (token.type === "text") body.push({ type: "text", value: token.value })
      else if (token.type === "begin" && token.value === "variable") {
        body.push({ type: "output", value: this.#tuple() })
        this.#end()
      } else {
        const name = this.#name()
        if (ends.includes(name)) {
          this.#depth--
          return { body, end: name }
        }
        body.push(this.#statement(name))
      }
    }
  }

  #statement(name: string): Statement {
    switch (name) {
      case "if":
        return this.#if()
      case "for":
        return this.#for()
      case "set":
        return this.#set()
      case "with":
        return this.#with()
      case "filter": {
        const filter = this.#filters(null, true)
        this.#end()
        return { type: "filter block", filter, body: this.#block("endfilter") }
      }
      case "macro": {
        const macro = this.#name()
        const parameters = this.#parameters()
        this.#end()
        return { type: "macro", name: macro, parameters, body: this.#block("endmacro") }
      }
      case "call": {
        const parameters = this.#is("(") ? this.#parameters() : []
        const call = this.#expression()
        this.#end()
        return { type: "call block", call, parameters, body: this.#block("endcall") }
      }
      default:
        throw new TemplateError(`unknown tag ${name}`)
    }
  }

  #block(end: string): Body {
    const { body } = this.body([end])
    this.#end()
    return body
  }

  #if(): Statement {
    const branches: Array<{ when: Expression | null; body: Body }> = []
    let when: Expression | null = this.#tuple()
    for (;;) {
      this.#end()
      const { body, end } = this.body(when === null ? ["endif"] : ["elif", "else", "endif"])
      branches.push({ when, body })
      if (end === "endif") {
        this.#end()
        return { type: "if", branches }
      }
      when = end === "elif" ? this.#tuple() : null
    }
  }

  #for(): Statement {
    const target = this.#target()
    this.#expect("in")
    const over = this.#tuple(true)
    const when = this.#take("if") ? this.#expression() : null
    const recursive = this.#take("recursive")
    this.#end()
    const { body, end } = this.body(["else", "endfor"])
    this.#end()
    const otherwise = end === "else" ? this.#block("endfor") : []
    return { type: "for", target, over, when, body, otherwise, recursive }
  }

  #set(): Statement {
    const target = this.#target()
    if (this.#take("=")) {
      const value = this.#tuple()
      this.#end()
      return { type: "set", target, value }
    }
    const filter = this.#is("|") ? this.#filters(null, false) : null
    this.#end()
    return { type: "set block", target, filter, body: this.#block("endset") }
  }

  #with(): Statement {
    const values: Array<readonly [Expression, Expression]> = []
    while (!this.#atEnd()) {
      if (values.length > 0) this.#expect(",")
      const target = this.#target()
      this.#expect("=")
      values.push([target, this.#expression()])
    }
    this.#end()
    return { type: "with", values, body: this.#block("endwith") }
  }

  #target(): Expression {
    const one = (): Expression => {
      if (this.#take("(")) {
        const inner = this.#target()
        this.#expect(")")
        return inner
      }
      let target: Expression = { type: "name", name: this.#name() }
      if (this.#take(".")) target = { type: "attribute", of: target, name: this.#name() }
      return target
    }
    const first = one()
    if (!this.#is(",")) return first
    const items = [first]
    while (this.#take(",")) if (!this.#is("in") && !this.#is("=")) items.push(one())
    return { type: "tuple", items }
  }

  #parameters(): ReadonlyArray<Parameter> {
    this.#expect("(")
    const parameters: Array<Parameter> = []
    while (!this.#take(")")) {
      if (parameters.length > 0) this.#expect(",")
      const name = this.#name()
      parameters.push({ name, otherwise: this.#take("=") ? this.#expression() : null })
    }
    return parameters
  }

  /** One expression, or several with commas between. In a `for` the `if` after it belongs to the loop. */
  #tuple(plain = false): Expression {
    const one = () => (plain ? this.#or() : this.#expression())
    const first = one()
    if (!this.#is(",")) return first
    const items = [first]
    while (this.#take(",")) if (!this.#atEnd() && !this.#is(")")) items.push(one())
    return { type: "tuple", items }
  }

  #expression(): Expression {
    this.#deeper()
    let value = this.#or()
    while (this.#take("if")) {
      const when = this.#or()
      value = { type: "choice", when, then: value, otherwise: this.#take("else") ? this.#expression() : null }
    }
    this.#depth--
    return value
  }

  #or(): Expression {
    return this.#chain(["or"], () => this.#chain(["and"], () => this.#not()))
  }

  #not(): Expression {
    if (!this.#take("not")) return this.#comparison()
    this.#deeper()
    const of = this.#not()
    this.#depth--
    return { type: "unary", operator: "not", of }
  }

  #comparison(): Expression {
    const first = this.#sum()
    const rest: Array<readonly [string, Expression]> = []
    for (;;) {
      const operator = ["==", "!=", "<=", ">=", "<", ">", "in"].find((one) => this.#take(one))
      if (operator !== undefined) rest.push([operator, this.#sum()])
      else if (this.#is("not") && this.#is("in", 1)) {
        this.#at += 2
        rest.push(["not in", this.#sum()])
      } else break
    }
    return rest.length === 0 ? first : { type: "comparison", first, rest }
  }

  #sum(): Expression {
    return this.#chain(["+", "-"], () => this.#chain(["~"], () => this.#product()))
  }

  #product(): Expression {
    return this.#chain(["*", "/", "//", "%"], () => this.#power())
  }

  /** From the left, and weaker than a sign: as Jinja has it, not as Python. */
  #power(): Expression {
    let left = this.#unary(true)
    while (this.#take("**")) left = { type: "binary", operator: "**", left, right: this.#unary(true) }
    return left
  }

  #unary(filtered: boolean): Expression {
    const operator = ["-", "+"].find((one) => this.#take(one))
    let value: Expression
    if (operator === undefined) value = this.#postfix(this.#primary())
    else {
      this.#deeper()
      value = { type: "unary", operator, of: this.#unary(false) }
      this.#depth--
    }
    return filtered ? this.#filtersAndTests(value) : value
  }

  #chain(operators: ReadonlyArray<string>, next: () => Expression): Expression {
    let left = next()
    for (;;) {
      const operator = operators.find((one) => this.#take(one))
      if (operator === undefined) return left
      left = { type: "binary", operator, left, right: next() }
    }
  }

  #primary(): Expression {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new TemplateError("unexpected end")
    switch (token.type) {
      case "name":
        return token.value in constants
          ? { type: "literal", value: constants[token.value] ?? null }
          : { type: "name", name: token.value }
      case "string": {
        let value = token.value
        for (let next = this.#tokens[this.#at]; next?.type === "string"; next = this.#tokens[this.#at]) {
          value += next.value
          this.#at++
        }
        return { type: "literal", value }
      }
      case "integer":
        return { type: "literal", value: BigInt(token.value.replaceAll("_", "")) }
      case "float":
        return { type: "literal", value: Number(token.value.replaceAll("_", "")) }
      default:
        break
    }
    if (token.value === "(") {
      if (this.#take(")")) return { type: "tuple", items: [] }
      const value = this.#tuple()
      this.#expect(")")
      return value
    }
    if (token.value === "[") return { type: "list", items: this.#items("]", () => this.#expression()) }
    if (token.value === "{") {
      const items = this.#items("}", () => {
        const key = this.#expression()
        this.#expect(":")
        return [key, this.#expression()] as const
      })
      return { type: "dict", items }
    }
    throw new TemplateError(`unexpected ${token.value}`)
  }

  #items<Item>(end: string, read: () => Item): ReadonlyArray<Item> {
    const items: Array<Item> = []
    while (!this.#take(end)) {
      if (items.length > 0) {
        this.#expect(",")
        if (this.#take(end)) break
      }
      items.push(read())
    }
    return items
  }

  #postfix(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.#take(".")) {
        const token = this.#tokens[this.#at++]
        if (token?.type === "integer") {
          value = { type: "item", of: value, key: { type: "literal", value: BigInt(token.value) } }
        } else if (token?.type === "name") value = { type: "attribute", of: value, name: token.value }
        else throw new TemplateError("expected a name")
      } else if (this.#take("[")) value = this.#subscript(value)
      else if (this.#is("(")) value = { type: "call", of: value, args: this.#arguments() }
      else return value
    }
  }

  #subscript(of: Expression): Expression {
    const bounds: [Expression | null, Expression | null, Expression | null] = [null, null, null]
    let index = 0
    let sliced = false
    while (!this.#take("]")) {
      if (this.#take(":")) {
        sliced = true
        if (++index > 2) throw new TemplateError("a slice has three parts at most")
      } else bounds[index] = this.#tuple()
    }
    const [key] = bounds
    if (sliced) return { type: "slice", of, bounds }
    if (key === null) throw new TemplateError("expected an index")
    return { type: "item", of, key }
  }

  #arguments(): ReadonlyArray<Argument> {
    this.#expect("(")
    return this.#items(")", (): Argument => {
      const spread = (["**", "*"] as const).find((one) => this.#take(one))
      if (spread !== undefined) return { spread, value: this.#expression() }
      const token = this.#tokens[this.#at]
      if (token?.type === "name" && this.#is("=", 1)) {
        this.#at += 2
        return { name: token.value, value: this.#expression() }
      }
      return { value: this.#expression() }
    })
  }

  #filtersAndTests(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.#is("|")) value = this.#filters(value, false)
      else if (this.#take("is")) value = this.#test(value)
      else return value
    }
  }

  #filters(start: Expression | null, first: boolean): Expression {
    let value = start
    let bare = first
    while (bare || this.#take("|")) {
      bare = false
      let name = this.#name()
      while (this.#take(".")) name += `.${this.#name()}`
      value = { type: "filter", of: value, name, args: this.#is("(") ? this.#arguments() : [] }
    }
    if (value === null) throw new TemplateError("expected a filter")
    return value
  }

  #test(of: Expression): Expression {
    const negated = this.#take("not")
    const name = this.#name()
    const next = this.#tokens[this.#at]
    let args: ReadonlyArray<Argument> = []
    if (this.#is("(")) args = this.#arguments()
    else if (
      next !== undefined &&
      (["string", "integer", "float"].includes(next.type) ||
        (next.type === "name" && !words.has(next.value)) ||
        (next.type === "operator" && (next.value === "[" || next.value === "{")))
    ) {
      args = [{ value: this.#postfix(this.#primary()) }]
    }
    return { type: "test", of, name, args, negated }
  }

  #is(value: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead]
    return (token?.type === "operator" || token?.type === "name") && token.value === value
  }

  #take(value: string): boolean {
    if (!this.#is(value)) return false
    this.#at++
    return true
  }

  #expect(value: string): void {
    if (!this.#take(value)) throw new TemplateError(`expected ${value}`)
  }

  #name(): string {
    const token = this.#tokens[this.#at++]
    if (token?.type !== "name") throw new TemplateError("expected a name")
    return token.value
  }

  #atEnd(): boolean {
    return this.#tokens[this.#at]?.type === "end"
  }

  #end(): void {
    if (this.#tokens[this.#at++]?.type !== "end") throw new TemplateError("expected the end of a tag")
  }

  #deeper(): void {
    if (++this.#depth > depthLimit) throw new TemplateError("the template nests too deep")
  }
}

const constants: Readonly<Record<string, boolean | null>> = Object.assign(Object.create(null), {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null
})

/** What may follow a test without being its argument. */
const words = new Set(["else", "or", "and", "if", "is", "in", "not", "recursive"])
