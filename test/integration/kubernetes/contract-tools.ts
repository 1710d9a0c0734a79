import { expect } from 'vitest';
import type { CallOptions } from '../../../src/kubernetes/client.ts';
import { KubernetesError, type KubernetesErrorKind } from '../../../src/kubernetes/errors.ts';

/** Tests of one contract share a server. */
let serial = 0;
export function unique(prefix: string): string {
  serial += 1;
  return `${prefix}-${serial}`;
}

export function inTime(): CallOptions {
  return { signal: AbortSignal.timeout(20_000) };
}

export async function expectKind(call: Promise<unknown>, kind: KubernetesErrorKind): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KubernetesError);
  expect(error).toMatchObject({ kind });
}
