import http from 'node:http';
import { SyncthingError } from './errors.ts';

/** Where a daemon listens: a unix socket (production) or `http://127.0.0.1:8384`. */
export type SyncthingAddress =
  | { readonly socketPath: string; readonly url?: never }
  | { readonly url: string; readonly socketPath?: never };

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With query, already encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** A connection of its own, so that the end of the daemon is an error and not repeated to the next one. */
  readonly ownConnection?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly text: string;
}

/** Sends one request and reads the whole answer, whatever its status. Rejects with SyncthingError. */
export type HttpCall = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * node:http rather than undici: about 7 MiB less memory in a helper process and nothing to bundle.
 * Idle connections are dropped after 5 s, before the daemon's own 15 s, so that no request meets a
 * connection that is just being closed.
 */
export function httpCall(address: SyncthingAddress, apiKey: string): HttpCall & { close(): void } {
  const agent = new http.Agent({ keepAlive: true, timeout: 5_000 });
  const target = requestTarget(address);
  async function call(request: HttpRequest): Promise<HttpResponse> {
    const deadline = AbortSignal.timeout(request.timeoutMs);
    const signal = AbortSignal.any([request.signal, deadline]);
    try {
      return await sendReusing(
        { ...target, agent: request.ownConnection === true ? false : agent, signal },
        request,
        apiKey,
      );
    } catch (error) {
      throw failure(error, request, deadline);
    }
  }
  return Object.assign(call, { close: (): void => agent.destroy() });
}

function requestTarget(address: SyncthingAddress): http.RequestOptions {
  if (address.socketPath !== undefined) {
    return { socketPath: address.socketPath };
  }
  const url = new URL(address.url);
  return { host: url.hostname, port: url.port };
}

/**
 * A kept connection may have been closed by the daemon without our having seen it yet. Every
 * request of the API that we use may be sent twice, so it goes out again on a new connection.
 */
async function sendReusing(
  options: http.RequestOptions,
  request: HttpRequest,
  apiKey: string,
): Promise<HttpResponse> {
  try {
    return await send(options, request, apiKey);
  } catch (error) {
    if (error instanceof StaleConnection) {
      return send({ ...options, agent: false }, request, apiKey);
    }
    throw error;
  }
}

class StaleConnection extends Error {}

function send(options: http.RequestOptions, request: HttpRequest, apiKey: string): Promise<HttpResponse> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers = {
    'X-API-Key': apiKey,
    ...(body === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      { ...options, method: request.method, path: request.path, headers },
      (incoming) => {
        incoming.setEncoding('utf8');
        const chunks: string[] = [];
        incoming.on('data', (chunk: string) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: chunks.join('') }));
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const closed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      const stale = closed && outgoing.reusedSocket;
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
    });
    outgoing.end(body);
  });
}

/** `GET /rest/db/status`: what failed, without the query (file names are the user's own). */
export function describeRequest(request: Pick<HttpRequest, 'method' | 'path'>): string {
  return `Syncthing ${request.method} ${request.path.split('?', 1)[0]}`;
}

function failure(error: unknown, request: HttpRequest, deadline: AbortSignal): SyncthingError {
  const doing = describeRequest(request);
  if (request.signal.aborted) {
    return new SyncthingError('aborted', `${doing}: cancelled`, { cause: error });
  }
  if (deadline.aborted) {
    return new SyncthingError('timeout', `${doing}: no answer within ${request.timeoutMs} ms`, {
      cause: error,
    });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new SyncthingError('unreachable', `${doing}: ${text}; is the syncthing container running?`, {
    cause: error,
  });
}
