import type { FakeSyncthing } from './fake-syncthing.ts';
import type { RestAnswer, RestRequest } from './rest-answer.ts';
import { folderAnswers } from './rest-folder-answers.ts';
import { systemAnswers } from './rest-system-answers.ts';

const NAMED = /^(?<route>[A-Z]+ \/rest\/config\/(?:folders|devices))\/(?<name>[^/]+)$/;

/** What the fake says to a request; 404 for what it does not know. */
export function answerRest(syncthing: FakeSyncthing, request: RestRequest): RestAnswer | Promise<RestAnswer> {
  const named = NAMED.exec(request.route)?.groups;
  const route = named === undefined ? request.route : `${named['route']}/:id`;
  const name = decodeURIComponent(named?.['name'] ?? '');
  const query = new URLSearchParams(request.query);
  if (name !== '') {
    query.set('id', name);
  }
  const answer = systemAnswers.get(route) ?? folderAnswers.get(route);
  return answer?.(syncthing, { ...request, query }) ?? { status: 404, text: 'page not found' };
}
