import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { type Clock, withDeadline } from '../runtime/clock.ts';
import type { Credentials } from './credentials.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import { refusalError } from './status-error.ts';

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: object;
  readonly contentType?: string;
  /** For messages: verb, kind and name. */
  readonly what: string;
}

export interface TransportOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly userAgent: string;
}

/** JSON over HTTPS with keep-alive, on Node's own client: it costs no memory beyond Node itself. */
export interface Transport {
  readonly clock: Clock;
  /** The parsed body of a 2xx answer. */
  call(
    call: HttpCall,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<unknown>;
  /** The body of a 2xx answer as it comes; ends with the signal. `timeoutMs` is for the head alone. */
  stream(
    call: HttpCall,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<IncomingMessage>;
  /** Closes the connections that are kept; calls under way end as they would. */
  close(): void;
}

/** Free connections are dropped before the API server, or what is between, does it in the middle of a request. */
const IDLE_CONNECTION_MS = 45_000;
const TCP_KEEPALIVE_MS = 30_000;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, timeout: IDLE_CONNECTION_MS });
  return {
    clock: options.clock,
    async call(call, { signal, timeoutMs }) {
      using deadline = withDeadline(options.clock, timeoutMs, signal);
      try {
        const answer = await sendWithRetry(call, { ...options, agent, signal: deadline.signal });
        return await readAnswer(call, answer);
      } catch (error) {
        throw classify(error, call.what, deadline.signal);
      }
    },
    async stream(call, { signal, timeoutMs }) {
      const head = new AbortController();
      const cancel = options.clock.after(timeoutMs, () =>
        head.abort(new DOMException('no answer in time', 'TimeoutError')),
      );
      const both = AbortSignal.any([signal, head.signal]);
      try {
        const answer = await sendWithRetry(call, { ...options, agent, signal: both });
        if (isSuccess(answer)) return answer;
        await readAnswer(call, answer);
        throw new KubernetesError('unexpected', `${call.what}: HTTP ${answer.statusCode}`);
      } catch (error) {
        throw classify(error, call.what, both);
      } finally {
        cancel();
      }
    },
    close: () => agent.destroy(),
  };
}

interface Sending extends TransportOptions {
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** The server may close a kept connection at the moment we reuse it; a read is simply asked again. */
async function sendWithRetry(call: HttpCall, sending: Sending): Promise<IncomingMessage> {
  try {
    return await send(call, sending);
  } catch (error) {
    if (call.method !== 'GET' || !(error instanceof StaleConnection)) throw error;
    return await send(call, sending);
  }
}

class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

async function send(call: HttpCall, sending: Sending): Promise<IncomingMessage> {
  sending.signal.throwIfAborted();
  const { headers, tls } = await sending.credentials.authorize();
  const payload = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
  const query = call.query === undefined || call.query.size === 0 ? '' : `?${call.query.toString()}`;
  return await new Promise((resolve, reject) => {
    const request = httpsRequest(`${sending.credentials.server}${call.path}${query}`, {
      ...tls,
      agent: sending.agent,
      method: call.method,
      signal: sending.signal,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': sending.userAgent,
        ...(payload !== undefined && {
          'content-type': call.contentType ?? 'application/json',
          'content-length': payload.length,
        }),
      },
    });
    request.once('response', resolve);
    request.once('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(
        stale && !sending.signal.aborted
          ? new StaleConnection('the kept connection was closed', { cause: error })
          : error,
      );
    });
    request.end(payload);
  });
}

async function readAnswer(call: HttpCall, answer: IncomingMessage): Promise<unknown> {
  const text = await readText(call, answer);
  const body = parseJson(text);
  if (isSuccess(answer)) {
    if (body === undefined) throw new KubernetesError('unexpected', `${call.what}: the answer is not JSON`);
    return body;
  }
  throw refusalError({
    what: call.what,
    code: answer.statusCode ?? 0,
    body,
    retryAfter: answer.headers['retry-after'],
  });
}

async function readText(call: HttpCall, answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new KubernetesError('unexpected', `${call.what}: the answer is longer than 64 MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSuccess(answer: IncomingMessage): boolean {
  const code = answer.statusCode ?? 0;
  return code >= 200 && code < 300;
}

/** A signal that fired explains whatever error it led to. */
export function classify(error: unknown, what: string, signal: AbortSignal): KubernetesError {
  if (isKubernetesError(error)) return error;
  if (signal.aborted) {
    const timedOut = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
    return new KubernetesError(
      timedOut ? 'timeout' : 'aborted',
      `${what}: ${timedOut ? 'no answer in time' : 'given up'}`,
      { cause: error },
    );
  }
  if (error instanceof StaleConnection)
    return new KubernetesError('unreachable', `${what}: ${error.message}`, { cause: error.cause });
  return KubernetesError.from(error, what);
}
