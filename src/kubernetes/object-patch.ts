import type { Target } from './client.ts';

export interface Patch {
  readonly body: object;
  readonly contentType: string;
  readonly subresource?: string;
}

/**
 * RFC 6902: `add` on a member that exists replaces it whole, so nothing of the old half stays. The version is written
 * rather than tested: the server compares it with its own and answers with a conflict. The uid is tested, because the
 * status subresource ignores a written one (seen with 1.36).
 */
export function replacing(target: Target, path: string, value: unknown): Patch {
  const body = [
    ...(target.resourceVersion === undefined
      ? []
      : [{ op: 'add', path: '/metadata/resourceVersion', value: target.resourceVersion }]),
    ...(target.uid === undefined ? [] : [{ op: 'test', path: '/metadata/uid', value: target.uid }]),
    { op: 'add', path, value },
  ];
  return { body, contentType: 'application/json-patch+json' };
}

export function merging(target: Target, patch: object): Patch {
  const { uid, resourceVersion } = target;
  const metadata = {
    ...('metadata' in patch && typeof patch.metadata === 'object' ? patch.metadata : {}),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return { body: { ...patch, metadata }, contentType: 'application/merge-patch+json' };
}
