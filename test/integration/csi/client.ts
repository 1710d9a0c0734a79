import type { Client, ServiceError } from '@grpc/grpc-js';
import { credentials, Metadata } from '@grpc/grpc-js';
import { loadCsi, loadRegistration } from '../../../src/csi/packages.ts';

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export type Answer =
  | { readonly kind: 'ok'; readonly response: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly trailers: object };

export interface TestClient {
  call(
    service: 'Identity' | 'Controller' | 'Node' | 'Registration',
    rpc: string,
    request: object,
    options?: CallOptions,
  ): Promise<Answer>;
  close(): void;
}

/** What Go clients send as :authority: the kubelet and the sidecars today, and older ones. */
export function connect(socketPath: string, authority = 'localhost'): TestClient {
  const csi = loadCsi();
  const options = {
    'grpc.default_authority': authority,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
  };
  const address = `unix:${socketPath}`;
  const insecure = credentials.createInsecure();
  const clients = {
    Identity: new csi.Identity(address, insecure, options),
    Controller: new csi.Controller(address, insecure, options),
    Node: new csi.Node(address, insecure, options),
    Registration: new (loadRegistration().Registration)(address, insecure, options),
  };
  return {
    call: (service, rpc, request, callOptions = {}) => unary(clients[service], rpc, request, callOptions),
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}

function unary(
  client: Client,
  rpc: string,
  request: object,
  { deadlineMs, signal }: CallOptions,
): Promise<Answer> {
  const method: unknown = Reflect.get(client, rpc);
  if (typeof method !== 'function') throw new Error(`no RPC ${rpc}`);
  return new Promise((resolve) => {
    function answered(error: ServiceError | null, response: unknown): void {
      if (error === null) resolve({ kind: 'ok', response });
      else
        resolve({
          kind: 'error',
          code: error.code,
          message: error.details,
          trailers: error.metadata.getMap(),
        });
    }
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const call: unknown = method.call(client, request, new Metadata(), options, answered);
    signal?.addEventListener('abort', () => {
      if (typeof call === 'object' && call !== null && 'cancel' in call && typeof call.cancel === 'function')
        call.cancel();
    });
  });
}
