import type { Clock } from '../runtime/clock.ts';
import { CsiError } from './errors.ts';
import type { Interceptor, RpcMethod } from './rpc.ts';
import { stripSecrets } from './strip-secrets.ts';

/**
 * One line a call when it ends, and its request at debug level, without secrets. Calls that come every few seconds and
 * say nothing are logged only if they fail. The cause of an unexpected error is here and nowhere else.
 */
export function logCalls(clock: Clock): Interceptor {
  return (method, next) => async (request, context) => {
    const { log } = context;
    const started = clock.now();
    log.debug({ request: stripSecrets(method.requestType, request) }, 'call');
    const subject = subjectOf(request);
    try {
      const response = await next(request, context);
      const level = isChatter(method) ? 'debug' : 'info';
      log[level]({ ...subject, durationMs: clock.now() - started }, 'call answered');
      return response;
    } catch (thrown) {
      const error = CsiError.from(thrown);
      const fields = { ...subject, durationMs: clock.now() - started, kind: error.kind };
      if (error.kind === 'internal') log.error({ ...fields, error }, 'call failed unexpectedly');
      else log.info({ ...fields, reason: error.message, cause: error.cause }, 'call refused');
      throw error;
    }
  };
}

function isChatter(method: RpcMethod): boolean {
  return method.name === 'Probe' || method.name.includes('Get') || method.name.startsWith('List');
}

interface Subject {
  readonly volumeId?: string;
  readonly name?: string;
}

function subjectOf(request: object): Subject {
  const volumeId = 'volumeId' in request && typeof request.volumeId === 'string' ? request.volumeId : '';
  const name = 'name' in request && typeof request.name === 'string' ? request.name : '';
  return { ...(volumeId && { volumeId }), ...(name && { name }) };
}
