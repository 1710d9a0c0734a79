/** An invariant does not hold: what it is, and where. */
export class Violation extends Error {
  readonly rule: string;
  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
  }
}

export function violation(rule: string, detail: string): Violation {
  return new Violation(rule, detail);
}
