import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { httpCall, type HttpRequest } from './http-call.ts';

let directory: string;
let server: http.Server;
let sockets: Socket[];
let answerWith: http.RequestListener;

beforeEach(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'st-http-'));
  sockets = [];
  server = http.createServer((request, response) => answerWith(request, response));
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(path.join(directory, 's'));
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(directory, { recursive: true });
});

function get(overrides: Partial<HttpRequest> = {}): HttpRequest {
  const signal = AbortSignal.timeout(5_000);
  return { method: 'GET', path: '/rest/x?file=secret', signal, timeoutMs: 4_000, ...overrides };
}

function connect(): ReturnType<typeof httpCall> {
  return httpCall({ socketPath: path.join(directory, 's') }, 'key');
}

test('gives status and text, sends key and body', async () => {
  answerWith = (request, response) => {
    request.on('data', (body: Buffer) => {
      response.statusCode = 418;
      response.end(JSON.stringify([request.headers['x-api-key'], request.method, body.toString()]));
    });
  };
  const answer = await connect()(get({ method: 'PUT', body: { ä: 1 } }));
  expect(answer).toEqual({ status: 418, text: '["key","PUT","{\\"ä\\":1}"]' });
});

test('a kept connection that the daemon has closed is replaced, once', async () => {
  answerWith = (_request, response) => response.end('ok');
  const call = connect();
  await call(get());
  // The next request is written before the client's event loop can see that the socket is gone.
  const second = call(get());
  for (const socket of sockets) {
    socket.destroy();
  }
  expect(await second).toEqual({ status: 200, text: 'ok' });
  expect(sockets).toHaveLength(2);
});

test('a connection that dies before the answer is unreachable', async () => {
  answerWith = (request) => request.socket.destroy();
  await expect(connect()(get())).rejects.toMatchObject({ kind: 'unreachable' });
  expect(sockets).toHaveLength(1);
});

test('silence ends at the deadline, half an answer too', async () => {
  answerWith = () => undefined;
  await expect(connect()(get({ timeoutMs: 20 }))).rejects.toMatchObject({ kind: 'timeout' });
  answerWith = (_request, response) => response.write('{');
  const error = connect()(get({ timeoutMs: 50 }));
  await expect(error).rejects.toMatchObject({
    kind: 'timeout',
    message: 'Syncthing GET /rest/x: no answer within 50 ms',
  });
});

test("the caller's signal wins over everything", async () => {
  answerWith = () => undefined;
  const controller = new AbortController();
  const pending = connect()(get({ signal: controller.signal }));
  controller.abort(new Error('shutting down'));
  await expect(pending).rejects.toMatchObject({ kind: 'aborted' });
});

test('no socket is unreachable', async () => {
  const call = httpCall({ socketPath: path.join(directory, 'none') }, 'key');
  await expect(call(get())).rejects.toMatchObject({ kind: 'unreachable' });
});
