import type { ServiceDefinition } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../runtime/logger.ts';
import { CsiError } from './errors.ts';
import type { ControllerHandlers } from './gen/csi/v1/Controller.ts';
import type { IdentityHandlers } from './gen/csi/v1/Identity.ts';
import type { NodeHandlers } from './gen/csi/v1/Node.ts';
import type { RegistrationHandlers } from './gen/pluginregistration/Registration.ts';
import { loadCsi, loadRegistration } from './packages.ts';
import type { Interceptor, RpcsOf } from './rpc.ts';
import { claimSocketPath, closeSocketAccess } from './socket.ts';
import type { UncheckedRpcs } from './unary-handlers.ts';
import { unaryHandlers } from './unary-handlers.ts';

export type IdentityRpcs = RpcsOf<IdentityHandlers>;
export type ControllerRpcs = RpcsOf<ControllerHandlers>;
export type NodeRpcs = RpcsOf<NodeHandlers>;
export type RegistrationRpcs = RpcsOf<RegistrationHandlers>;

/** What one socket serves: Identity with Controller or Node, or the kubelet's Registration alone. */
export interface CsiServices {
  readonly identity?: IdentityRpcs;
  readonly controller?: ControllerRpcs;
  readonly node?: NodeRpcs;
  readonly registration?: RegistrationRpcs;
}

export interface CsiServerOptions {
  /** Absolute; parseCsiEndpoint gives it. */
  readonly socketPath: string;
  readonly services: CsiServices;
  /** Outermost first; standardInterceptors gives the usual ones. */
  readonly interceptors: readonly Interceptor[];
  readonly log: Logger;
}

export interface CsiServer {
  readonly socketPath: string;
  /**
   * Takes no new calls and waits for those in flight. What still runs after `graceMs` has its signal fired, may answer
   * for a last moment, and then its connection is cut. The socket is gone afterwards.
   */
  close(graceMs: number): Promise<void>;
}

/** What a Go client takes by default; a larger answer would be refused over there, with less to read. */
const maxMessageBytes = 4 * 1024 * 1024;
/** Time for calls whose signal has fired to say so to their callers. */
const lastWordMs = 200;

/** Serves on a unix socket with mode 0600. A stale socket is replaced, one that somebody answers on is not. */
export async function serveCsi(options: CsiServerOptions): Promise<CsiServer> {
  const { socketPath, log, interceptors } = options;
  await claimSocketPath(socketPath);
  const server = new Server({
    // channelz would keep a record of every connection there ever was (grpc-node #2068).
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
  });
  const stop = new AbortController();
  let calls = 0;
  function nextCall(): number {
    calls += 1;
    return calls;
  }
  for (const { definition, rpcs } of served(options.services)) {
    server.addService(
      definition,
      unaryHandlers(definition, rpcs, { interceptors, log, stop: stop.signal, nextCall }),
    );
  }
  await bind(server, socketPath);
  await closeSocketAccess(socketPath);
  log.info({ socket: socketPath }, 'serving');
  return { socketPath, close: (graceMs) => drain(server, { socketPath, graceMs, stop }) };
}

interface Served {
  readonly definition: ServiceDefinition;
  readonly rpcs: UncheckedRpcs;
}

function served(services: CsiServices): readonly Served[] {
  const csi = loadCsi();
  const found: Served[] = [];
  if (services.identity) found.push({ definition: csi.Identity.service, rpcs: services.identity });
  if (services.controller) found.push({ definition: csi.Controller.service, rpcs: services.controller });
  if (services.node) found.push({ definition: csi.Node.service, rpcs: services.node });
  if (services.registration) {
    found.push({ definition: loadRegistration().Registration.service, rpcs: services.registration });
  }
  return found;
}

function bind(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) return resolve();
      reject(
        new CsiError('unavailable', `cannot listen on ${socketPath}: ${error.message}`, { cause: error }),
      );
    });
  });
}

interface DrainOptions {
  readonly socketPath: string;
  readonly graceMs: number;
  readonly stop: AbortController;
}

/**
 * forceShutdown would not do: without channelz grpc-js 1.14 does not know its connections there. Its drain does, if it
 * comes before tryShutdown, which marks them as closed.
 */
async function drain(server: Server, { socketPath, graceMs, stop }: DrainOptions): Promise<void> {
  const timer = setTimeout(() => {
    stop.abort(new DOMException('the driver is stopping', 'AbortError'));
  }, graceMs);
  server.drain(`unix:${socketPath}`, graceMs + lastWordMs);
  await new Promise<void>((resolve, reject) => {
    server.tryShutdown((error) => (error ? reject(error) : resolve()));
  });
  clearTimeout(timer);
}
