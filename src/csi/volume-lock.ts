import { CsiError } from './errors.ts';
import type { Interceptor, RpcMethod } from './rpc.ts';

/**
 * One operation at a time a volume (CSI 1.12, "Concurrency"): a second call gets ABORTED and comes again. CreateVolume
 * has no volume id yet and locks the name. Calls that only read take no lock.
 */
export function volumeLock(): Interceptor {
  const held = new Map<string, string>();
  return (method, next) => {
    if (lockFree.has(method.name)) return next;
    return async (request, context) => {
      const key = lockKey(request);
      if (key === undefined) return next(request, context);
      const holder = held.get(key);
      if (holder !== undefined) throw operationPending(key, holder, method);
      held.set(key, method.name);
      try {
        return await next(request, context);
      } finally {
        held.delete(key);
      }
    };
  };
}

/** Reads, which answer while a long stage or flush is under way. */
const lockFree: ReadonlySet<string> = new Set([
  'ValidateVolumeCapabilities',
  'NodeGetVolumeStats',
  'ControllerGetVolume',
  'ControllerGetVolumeHealth',
  'NodeGetVolumeHealth',
]);

/** An empty id is left to validation, which says which field is missing. */
function lockKey(request: object): string | undefined {
  if ('volumeId' in request && typeof request.volumeId === 'string' && request.volumeId !== '') {
    return `volume ${request.volumeId}`;
  }
  if ('name' in request && typeof request.name === 'string' && request.name !== '')
    return `name ${request.name}`;
  return undefined;
}

function operationPending(key: string, holder: string, method: RpcMethod): CsiError {
  return new CsiError(
    'aborted',
    `${method.name}: ${holder} of ${key} is still under way, the call will be repeated`,
  );
}
