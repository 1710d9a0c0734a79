import * as z from 'zod/mini';
import type { CallOptions } from './client.ts';
import { SyncthingError } from './errors.ts';
import { describeRequest, type HttpCall, type HttpRequest, type HttpResponse } from './http-call.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** One REST call: `path` is what follows `/rest/`. */
export interface Ask {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly call: CallOptions;
  readonly timeoutMs?: number;
  readonly ownConnection?: boolean;
}

async function ask(http: HttpCall, what: Ask): Promise<HttpResponse> {
  return http({
    method: what.method,
    path: `/rest/${what.path}${queryString(what.query ?? {})}`,
    body: what.body,
    signal: what.call.signal,
    timeoutMs: what.call.timeoutMs ?? what.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ownConnection: what.ownConnection ?? false,
  });
}

function queryString(query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    const values = typeof value === 'object' ? value : value === undefined ? [] : [String(value)];
    for (const one of values) {
      params.append(key, one);
    }
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** The answer of a request that must succeed, parsed. */
export async function get<T>(
  http: HttpCall,
  schema: z.ZodMiniType<T>,
  what: Omit<Ask, 'method'>,
): Promise<T> {
  const response = expectOk(await ask(http, { ...what, method: 'GET' }), what.path, 'GET');
  return parse(schema, response.text, `Syncthing GET /rest/${what.path}`);
}

/** As {@link get}, but 404 is an answer. */
export async function find<T>(
  http: HttpCall,
  schema: z.ZodMiniType<T>,
  what: Omit<Ask, 'method'> & { readonly missing: RegExp },
): Promise<T | undefined> {
  const response = await ask(http, { ...what, method: 'GET' });
  if (response.status === 404 && what.missing.test(response.text)) {
    return undefined;
  }
  return parse(schema, expectOk(response, what.path, 'GET').text, `Syncthing GET /rest/${what.path}`);
}

/** A request whose answer has no content that matters. */
export async function order(http: HttpCall, what: Ask): Promise<void> {
  expectOk(await ask(http, what), what.path, what.method);
}

function expectOk(response: HttpResponse, path: string, method: HttpRequest['method']): HttpResponse {
  if (response.status >= 200 && response.status < 300) {
    return response;
  }
  const text = response.text.trim().slice(0, 500);
  const doing = describeRequest({ method, path: `/rest/${path}` });
  switch (response.status) {
    case 401:
    case 403:
      throw new SyncthingError('unauthorized', `${doing}: the API key is not this daemon's`);
    case 404:
      throw new SyncthingError('not-found', `${doing}: ${text}`);
    default:
      if (text.startsWith('no such folder')) {
        throw new SyncthingError('not-found', `${doing}: ${text}`);
      }
      throw new SyncthingError('rejected', `${doing}: ${text} (HTTP ${response.status})`);
  }
}

function parse<T>(schema: z.ZodMiniType<T>, text: string, doing: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyncthingError('malformed', `${doing}: the answer is not JSON`, { cause: error });
  }
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new SyncthingError('malformed', `${doing}: ${where.slice(0, 3).join('; ')}`, {
      cause: parsed.error,
    });
  }
  return parsed.data;
}
