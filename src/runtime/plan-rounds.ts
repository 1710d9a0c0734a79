/** What the rounds of helpers do next, as plain data (handoff rule 38). Times are the clock's milliseconds. */

/** In the order of a round: devices before the folders that are shared with them, bytes last. */
export const HELPERS = ['introducer', 'resharer', 'deleter', 'nodewatcher'] as const;
export type HelperName = (typeof HELPERS)[number];

/** `urgent`: somebody waits, for a fence or a new device; `folders`: for an attach or a flush, with devices as they are. */
export type RoundReason = 'urgent' | 'folders' | 'change';

/** `failed`: it did not end well, or single items of it failed. `more`: its budget ran out before its plan. */
export type HelperOutcome = 'done' | 'more' | 'failed';

export interface HelperTurn {
  /** When it is to begin next. */
  readonly due: number;
  readonly urgent: boolean;
  /** In a row. */
  readonly failures: number;
}

export type RoundsState = Readonly<Record<HelperName, HelperTurn>>;

export interface RoundTimes {
  /** Changes that come within this go into one round. */
  readonly debounceMs: number;
  /** A helper runs at least so often even if nothing asks for it. */
  readonly safetyMs: number;
  /** How long to wait after so many failures in a row. */
  readonly delayMs: (failures: number) => number;
}

/** A full round at once: what happened while nobody looked is not known. */
export function firstRound(now: number): RoundsState {
  return everyHelper(() => ({ due: now, urgent: false, failures: 0 }));
}

/** The helpers that a round for this reason is made of. */
export function helpersOf(reason: RoundReason): readonly HelperName[] {
  if (reason === 'folders') return ['resharer'];
  return reason === 'urgent' ? ['introducer', 'resharer'] : HELPERS;
}

/**
 * An urgent request jumps the debounce and the back-off: whoever waits asks at a pace of its own. A change is heard by
 * a helper that backs off when it comes to it.
 */
export function requested(
  state: RoundsState,
  reason: RoundReason,
  at: { readonly now: number; readonly times: RoundTimes },
): RoundsState {
  const asked = helpersOf(reason);
  return everyHelper((helper) => {
    const turn = state[helper];
    if (!asked.includes(helper)) return turn;
    if (reason !== 'change') return { ...turn, due: Math.min(turn.due, at.now), urgent: true };
    return turn.failures > 0 ? turn : { ...turn, due: Math.min(turn.due, at.now + at.times.debounceMs) };
  });
}

/** It begins now: what is requested from here on is for its next turn. */
export function begun(
  state: RoundsState,
  helper: HelperName,
  at: { readonly now: number; readonly times: RoundTimes },
): RoundsState {
  return { ...state, [helper]: { ...state[helper], due: at.now + at.times.safetyMs, urgent: false } };
}

export function ended(
  state: RoundsState,
  { helper, outcome }: { readonly helper: HelperName; readonly outcome: HelperOutcome },
  at: { readonly now: number; readonly times: RoundTimes },
): RoundsState {
  const turn = state[helper];
  if (outcome !== 'failed') {
    const due = outcome === 'more' ? Math.min(turn.due, at.now) : turn.due;
    return { ...state, [helper]: { ...turn, due, failures: 0 } };
  }
  const failures = turn.failures + 1;
  // What asked urgently while it ran is not held up; anything else waits for the back-off.
  const due = turn.urgent ? turn.due : at.now + at.times.delayMs(failures);
  return { ...state, [helper]: { ...turn, due, failures } };
}

export type NextTurn =
  | { readonly kind: 'run'; readonly helper: HelperName }
  | { readonly kind: 'wait'; readonly ms: number };

/**
 * Who waits goes first, in between the helpers of a full round; unless another has been due for so long that it would
 * never have its turn.
 */
export function nextTurn(state: RoundsState, now: number, { safetyMs }: RoundTimes): NextTurn {
  const due = HELPERS.filter((helper) => state[helper].due <= now);
  const starving = due.find((helper) => state[helper].due + safetyMs <= now);
  const helper = starving ?? due.find((each) => state[each].urgent) ?? due[0];
  if (helper !== undefined) return { kind: 'run', helper };
  return { kind: 'wait', ms: Math.min(...HELPERS.map((each) => state[each].due)) - now };
}

function everyHelper(turn: (helper: HelperName) => HelperTurn): RoundsState {
  return {
    introducer: turn('introducer'),
    resharer: turn('resharer'),
    deleter: turn('deleter'),
    nodewatcher: turn('nodewatcher'),
  };
}
