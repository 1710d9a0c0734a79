/** What can go wrong between us and the API server, as a closed set; callers decide by `kind`, never by text. */
export type KubernetesErrorKind =
  | 'conflict'
  | 'not-found'
  | 'already-exists'
  | 'forbidden'
  | 'invalid'
  | 'gone'
  | 'unreachable'
  | 'timeout'
  | 'too-many-requests'
  | 'aborted'
  | 'unexpected';

export class KubernetesError extends Error {
  readonly kind: KubernetesErrorKind;
  /** Milliseconds after which the server asked to be called again; only with `too-many-requests`. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: KubernetesErrorKind,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KubernetesError';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Total: whatever was thrown becomes a KubernetesError; `what` names the operation for the person who reads it. */
  static from(thrown: unknown, what = 'Kubernetes API call'): KubernetesError {
    if (thrown instanceof KubernetesError) return thrown;
    const code = codeOf(thrown);
    if (code === 'ABORT_ERR' || nameOf(thrown) === 'AbortError') {
      return new KubernetesError('aborted', `${what}: given up before it was answered`, { cause: thrown });
    }
    if (nameOf(thrown) === 'TimeoutError') {
      return new KubernetesError('timeout', `${what}: no answer in time`, { cause: thrown });
    }
    if (code !== undefined && isNetworkCode(code)) {
      return new KubernetesError('unreachable', `${what}: the API server cannot be reached (${code})`, {
        cause: thrown,
      });
    }
    return new KubernetesError(
      'unexpected',
      `${what}: ${thrown instanceof Error ? thrown.message : 'failed'}`,
      { cause: thrown },
    );
  }
}

export function isKubernetesError(
  thrown: unknown,
  ...kinds: readonly KubernetesErrorKind[]
): thrown is KubernetesError {
  return thrown instanceof KubernetesError && (kinds.length === 0 || kinds.includes(thrown.kind));
}

/** What was asked for, or undefined where the API server does not have it. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return undefined;
    throw error;
  }
}

function isNetworkCode(code: string): boolean {
  return (
    /^(E(CONN|HOST|NET|PIPE|PROTO|TIMEDOUT|AI_|NOTFOUND|AGAIN|ADDR)|ERR_(TLS|SSL|SOCKET|STREAM)|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|HPE_)/.test(
      code,
    ) || code === 'ERR_BAD_RESPONSE'
  );
}

function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

function nameOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.name : undefined;
}
