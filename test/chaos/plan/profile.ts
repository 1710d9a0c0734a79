/** How much a round asks of the machine. */

export interface Profile {
  readonly volumes: readonly number[];
  readonly legs: number;
  /** Changes that each writer has made before a leg goes on to move. */
  readonly changesALeg: number;
  readonly manyFiles: number;
  readonly bigBytes: number;
  readonly changedBlocks: number;
  /** Of the longest spans, so much is taken. */
  readonly spanShare: number;
  /** Faults before the first and after the last leg as well. */
  readonly hasOuterFaults: boolean;
}

const MIB = 2 ** 20;

/** `short` is what CI runs; `full` has the sizes that a soak needs and takes hours. */
export const PROFILES = {
  short: {
    volumes: [2],
    legs: 2,
    changesALeg: 15,
    manyFiles: 1_000,
    bigBytes: 32 * MIB,
    changedBlocks: 8,
    spanShare: 0.3,
    hasOuterFaults: false,
  },
  usual: {
    volumes: [2, 3],
    legs: 3,
    changesALeg: 30,
    manyFiles: 5_000,
    bigBytes: 128 * MIB,
    changedBlocks: 20,
    spanShare: 1,
    hasOuterFaults: true,
  },
  full: {
    volumes: [2, 3],
    legs: 4,
    changesALeg: 60,
    manyFiles: 100_000,
    bigBytes: 2048 * MIB,
    changedBlocks: 200,
    spanShare: 1,
    hasOuterFaults: true,
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = ['short', 'usual', 'full'] as const satisfies readonly ProfileName[];
