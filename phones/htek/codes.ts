/** The numbers of an account's settings. */
export interface AccountCodes {
  readonly active: number
  readonly profile: number
  readonly label: number
  readonly user: number
  readonly auth: number
  readonly password: number
  readonly display: number
  readonly voicemail: number
  readonly dialPlan: number
  readonly pickup: number
  readonly groupPickup: number
}

/** The numbers of the settings of account 1 to 16; undefined: the phones have no such account. */
export const accountCodes = (account: number): AccountCodes | undefined =>
  account > 6 && account <= 16 ? furtherAccount(account) : firstAccounts[account - 1]

const firstAccounts: ReadonlyArray<AccountCodes> = [
  named(271, 35, 36, 34, 3, 33, 20_000, 4705, 4706, 1),
  named(401, 735, 736, 734, 703, 426, 20_001, 4715, 4716, 2),
  named(501, 504, 505, 506, 507, 526, 20_002, 4725, 4726, 3),
  named(601, 604, 605, 606, 607, 626, 20_003, 4735, 4736, 4),
  named(20_360, 1704, 1705, 1706, 1707, 1726, 20_378, 20_464, 20_466, 5),
  named(20_361, 1804, 1805, 1806, 1807, 1826, 20_379, 20_465, 20_467, 6)
]

function named(
  active: number,
  user: number,
  auth: number,
  password: number,
  display: number,
  voicemail: number,
  label: number,
  pickup: number,
  groupPickup: number,
  account: number
): AccountCodes {
  return {
    active,
    profile: 24_081 + account,
    label,
    user,
    auth,
    password,
    display,
    voicemail,
    dialPlan: 4199 + account,
    pickup,
    groupPickup
  }
}

/** From the seventh account on every setting has a range of its own. */
const furtherAccount = (account: number): AccountCodes => {
  const at = account - 7
  return {
    active: 24_090 + at,
    profile: 24_088 + at,
    label: 24_100 + at,
    user: 24_110 + at,
    auth: 24_120 + at,
    password: 24_130 + at,
    display: 24_140 + at,
    voicemail: 24_170 + at,
    dialPlan: 24_180 + at,
    pickup: 24_220 + at,
    groupPickup: 24_230 + at
  }
}

/** The numbers of a line key's settings. */
export interface LineKeyCodes {
  readonly type: number
  readonly mode: number
  readonly value: number
  readonly label: number
  readonly account: number
  readonly extension: number
}

/** The first four keys have a range for each setting, the others one after the other. */
export const lineKeyCodes = (key: number): LineKeyCodes => {
  const first = key < 5 ? 41_200 + key - 1 : 20_200 + 5 * (key - 5)
  const step = key < 5 ? 100 : 1
  return {
    type: first,
    mode: 20_600 + key - 1,
    value: first + step,
    label: first + 2 * step,
    account: first + 3 * step,
    extension: first + 4 * step
  }
}
