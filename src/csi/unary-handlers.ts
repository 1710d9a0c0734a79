import type {
  sendUnaryData,
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from '../runtime/logger.ts';
import { CsiError } from './errors.ts';
import type { Interceptor, Rpc, RpcMethod } from './rpc.ts';
import { toStatus } from './status.ts';

export interface HandlerOptions {
  /** Outermost first. */
  readonly interceptors: readonly Interceptor[];
  readonly log: Logger;
  /** Fires when the server waits no longer for calls in flight. */
  readonly stop: AbortSignal;
  /** Numbers the calls, so that the lines of one can be found in the log. */
  readonly nextCall: () => number;
}

/** Functions by the name of their RPC; RpcsOf has checked their types against the generated handlers. */
export type UncheckedRpcs = Readonly<Record<string, unknown>>;

/** Handlers for every unary RPC of the service; one nobody implements answers UNIMPLEMENTED through the same wrappers. */
export function unaryHandlers(
  definition: ServiceDefinition,
  rpcs: UncheckedRpcs,
  options: HandlerOptions,
): UntypedServiceImplementation {
  const handlers = Object.entries(definition).map(([name, definitionOfMethod]) => {
    const method = describeMethod(name, definitionOfMethod);
    const innermost = isRpc(rpcs[name]) ? rpcs[name] : unimplemented(method);
    const wrapped = options.interceptors.reduceRight<Rpc<object, object>>(
      (next, intercept) => intercept(method, next),
      innermost,
    );
    return [name, unaryHandler(method, wrapped, options)] as const;
  });
  return Object.fromEntries(handlers);
}

function unaryHandler(method: RpcMethod, rpc: Rpc<object, object>, options: HandlerOptions) {
  return (call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>): void => {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort(new DOMException('the caller is gone', 'AbortError')));
    const context = {
      signal: AbortSignal.any([cancelled.signal, options.stop]),
      deadlineMs: Number(call.getDeadline()),
      log: options.log.child({ rpc: method.name, call: options.nextCall() }),
    };
    // A wrapper that throws instead of rejecting must not leave the caller without an answer.
    Promise.resolve()
      .then(() => rpc(call.request, context))
      .then(
        (response) => respond(null, response),
        (error: unknown) => respond(toStatus(error)),
      );
  };
}

/** proto-loader keeps the descriptor of the request, in which the message's name is not qualified. */
function describeMethod(name: string, definition: { readonly path: string }): RpcMethod {
  const service = definition.path.split('/')[1] ?? '';
  const packageName = service.slice(0, service.lastIndexOf('.'));
  const message = property(property(property(definition, 'requestType'), 'type'), 'name');
  return { service, name, requestType: `${packageName}.${String(message)}` };
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function isRpc(candidate: unknown): candidate is Rpc<object, object> {
  return typeof candidate === 'function';
}

function unimplemented(method: RpcMethod): Rpc<object, object> {
  return () => Promise.reject(new CsiError('unimplemented', `${method.name} is not offered by this driver`));
}
