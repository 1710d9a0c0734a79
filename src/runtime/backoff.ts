export interface Backoff {
  /** How long to wait after so many failures in a row (1 for the first). */
  delayMs(failures: number): number;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly factor?: number;
  /** In [0, 1), as Math.random; absent for no jitter. */
  readonly random?: () => number;
}

/** Exponential. With `random`, each delay lies between half and the whole of its value, so that nodes spread out. */
export function exponentialBackoff({ firstMs, maxMs, factor = 2, random }: BackoffOptions): Backoff {
  return {
    delayMs(failures) {
      const full = Math.min(maxMs, firstMs * factor ** Math.max(0, failures - 1));
      return random === undefined ? full : full * (0.5 + random() / 2);
    },
  };
}
