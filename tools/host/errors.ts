/** What can go wrong at the edge to the machine. */
export type HostErrorKind =
  | 'command-failed'
  | 'command-missing'
  | 'timeout'
  | 'interrupted'
  | 'locked'
  | 'survived';

/** A failure of the machine's programs, processes or locks; the message names the command or file and what it said. */
export class HostError extends Error {
  readonly kind: HostErrorKind;

  constructor(kind: HostErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'HostError';
    this.kind = kind;
  }
}
