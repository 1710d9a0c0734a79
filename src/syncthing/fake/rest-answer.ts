import type { FakeSyncthing } from './fake-syncthing.ts';

export interface RestRequest {
  /** `GET /rest/db/status` */
  readonly route: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Fires when the daemon stops. */
  readonly closed: AbortSignal;
}

export type RestAnswer = { readonly json: unknown } | { readonly status: number; readonly text: string };

export type Answer = (syncthing: FakeSyncthing, request: RestRequest) => RestAnswer | Promise<RestAnswer>;

export const OK: RestAnswer = { status: 200, text: '' };
