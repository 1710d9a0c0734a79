import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { FakeSyncthing } from './fake-syncthing.ts';
import type { RestAnswer } from './rest-answer.ts';
import { answerRest } from './rest-answers.ts';

export interface RestServer {
  close(): Promise<void>;
}

/** The HTTP side of a fake: key, misbehaviour, body; what to answer is decided elsewhere. */
export async function serveRest(syncthing: FakeSyncthing): Promise<RestServer> {
  const closing = new AbortController();
  const server = http.createServer((request, response) => {
    respond(syncthing, request, closing.signal).then(
      (answer) => send(response, answer),
      () => response.destroy(),
    );
  });
  fs.rmSync(syncthing.socketPath, { force: true });
  server.listen(syncthing.socketPath);
  await once(server, 'listening');
  return {
    async close() {
      closing.abort();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function respond(
  syncthing: FakeSyncthing,
  request: http.IncomingMessage,
  closed: AbortSignal,
): Promise<RestAnswer> {
  const line = `${request.method} ${request.url}`;
  const misbehaviour = [...syncthing.misbehaviours].find(({ match }) => match.test(line));
  if (misbehaviour?.kind === 'hang') {
    await untilAborted(closed);
  } else if (misbehaviour?.kind === 'fail') {
    return { status: misbehaviour.status, text: misbehaviour.text };
  }
  const url = new URL(request.url ?? '/', 'http://fake');
  const open = url.pathname === '/rest/noauth/health';
  if (!open && request.headers['x-api-key'] !== syncthing.apiKey) {
    return { status: 403, text: 'Forbidden' };
  }
  const body = await readBody(request);
  const route = `${request.method} ${url.pathname}`;
  return answerRest(syncthing, { route, query: url.searchParams, body, closed });
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await once(signal, 'abort');
  }
}

async function readBody(request: http.IncomingMessage): Promise<unknown> {
  const chunks: string[] = [];
  for await (const chunk of request.setEncoding('utf8')) {
    chunks.push(String(chunk));
  }
  return chunks.length === 0 ? undefined : JSON.parse(chunks.join(''));
}

function send(response: http.ServerResponse, answer: RestAnswer): void {
  if ('json' in answer) {
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(JSON.stringify(answer.json));
  } else {
    response.statusCode = answer.status;
    response.end(answer.text);
  }
}
