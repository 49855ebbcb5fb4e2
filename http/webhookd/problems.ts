/** One wrong field, in webhookd's words (contracts/webhooks.md 3, validation details). */
export interface FieldProblem {
  readonly message: string
  readonly constraint_id: string
  readonly constraint: unknown
}

const problem = (constraint_id: string, constraint: unknown, message: string): FieldProblem => ({
  message,
  constraint_id,
  constraint
})

const typeMessages = {
  string: "Not a valid string.",
  list: "Not a valid list.",
  dict: "Not a valid mapping type.",
  boolean: "Not a valid boolean.",
  integer: "Not a valid integer.",
  number: "Not a valid number.",
  datetime: "Not a valid datetime."
}

export const required = problem("required", "required", "Missing data for required field.")
export const notNull = problem("not_null", "not_null", "Field may not be null.")
export const wrongType = (type: keyof typeof typeMessages): FieldProblem =>
  problem("type", type, typeMessages[type])
export const tooLong = (max: number): FieldProblem =>
  problem("length", { min: null, max }, `Longer than maximum length ${max}.`)
export const wrongLength = (equal: number): FieldProblem =>
  problem("length", { equal }, `Length must be ${equal}.`)
export const belowMinimum = (min: number): FieldProblem =>
  problem("range", { min }, `Must be greater than or equal to ${min}.`)
export const outside = (min: number, max: number): FieldProblem =>
  problem("range", { min, max }, `Must be between ${min} and ${max}.`)
export const outsideLength = (min: number, max: number): FieldProblem =>
  problem("length", { min, max }, `Length must be between ${min} and ${max}.`)
export const notOneOf = (choices: ReadonlyArray<string>): FieldProblem =>
  problem("enum", { choices }, `Must be one of: ${choices.join(", ")}.`)
export const badVerification = problem(
  "verify-certificate-invalid",
  ["true", "false", "/*"],
  "Must be true, false or the path of a file."
)
export const notText = problem("key-value-type", "string", "Keys and values must be strings.")
export const textTooLong = problem(
  "key-value-length",
  { "key-max": 128, "value-max": 2048 },
  "Keys have at most 128 characters and values 2048."
)
export const unknownField = "Unknown field."
