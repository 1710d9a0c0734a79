import { chmod, mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ListenOptions } from 'node:net';
import path from 'node:path';

export interface HealthServerOptions {
  /** `unix:///path`, `host:port`, `[v6]:port` or `:port`. */
  readonly address: string;
  /** Why the process is to be restarted; undefined while it is well. */
  readonly unhealthy: () => string | undefined;
  /** Why it cannot serve now; undefined if it can. */
  readonly unready: () => string | undefined;
  /** The text of /metrics. */
  readonly metrics: () => string;
}

export interface HealthServer {
  /** Where it listens, with the port that the system chose if 0 was asked for. */
  readonly address: string;
  close(): Promise<void>;
}

/** /healthz, /readyz and /metrics over HTTP, and nothing else. */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const listen = parseListenAddress(options.address);
  if (listen.path !== undefined) {
    await mkdir(path.dirname(listen.path), { recursive: true, mode: 0o700 });
    await rm(listen.path, { force: true });
  }
  const server = createServer((request, response) => answer(options, request, response));
  // A scraper that keeps its connection must not keep the process from ending.
  server.keepAliveTimeout = 5000;
  await listening(server, listen);
  if (listen.path !== undefined) await chmod(listen.path, 0o600);
  return {
    address: describeAddress(server),
    close: () => close(server),
  };
}

/** `:9090` listens on all addresses, as in Go programs. */
export function parseListenAddress(address: string): ListenOptions {
  if (address.startsWith('unix://')) return { path: address.slice('unix://'.length) };
  const match = /^(\[[^\]]+\]|[^:[\]]*):([0-9]{1,5})$/.exec(address);
  const [, bracketed = '', digits] = match ?? [];
  const port = Number(digits);
  if (!Number.isInteger(port) || port > 65_535)
    throw new Error(`${address} is neither unix:///path nor host:port`);
  const host = bracketed.replace(/^\[|\]$/g, '');
  return host === '' ? { port } : { host, port };
}

const textPlain = 'text/plain; version=0.0.4; charset=utf-8';

function answer(options: HealthServerOptions, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET\n');
  switch (request.url?.split('?')[0] ?? '') {
    case '/healthz':
      return endWithVerdict(response, options.unhealthy());
    case '/readyz':
      return endWithVerdict(response, options.unready());
    case '/metrics':
      return end(response, 200, options.metrics());
    default:
      return end(response, 404, 'there are /healthz, /readyz and /metrics\n');
  }
}

function endWithVerdict(response: ServerResponse, complaint: string | undefined): void {
  if (complaint === undefined) end(response, 200, 'ok\n');
  else end(response, 503, `${complaint}\n`);
}

function end(response: ServerResponse, code: number, body: string): void {
  response.writeHead(code, { 'content-type': textPlain }).end(body);
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function describeAddress(server: Server): string {
  const address = server.address();
  if (address === null) return '';
  if (typeof address === 'string') return `unix://${address}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
