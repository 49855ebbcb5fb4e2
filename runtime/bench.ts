/** What a benchmark reports: its figure, and the ceiling of the machine for the same work in the same run. */
export interface BenchResult {
  readonly name: string
  readonly figure: number
  readonly unit: string
  readonly ceiling: number
  /** figure / ceiling. */
  readonly ratio: number
  readonly [extra: string]: unknown
}

/** The middle one of some measurements; of an even number the lower of the two. */
export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((left, right) => left - right)[Math.floor((values.length - 1) / 2)] ?? 0
