import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Logger } from '../runtime/logger.ts';

/** What a call carries beside its request. */
export interface CallContext {
  /** Fires when the caller cancels, when the deadline passes, and when the server stops without waiting any longer. */
  readonly signal: AbortSignal;
  /** When the caller stops listening: milliseconds since the epoch. The server sets one where the caller did not. */
  readonly deadlineMs: number;
  /** Has the method and a call number bound to it. */
  readonly log: Logger;
}

/** One RPC: a plain async function. It throws CsiError; anything else it throws is unexpected. */
export type Rpc<Request extends object, Response extends object> = (
  request: Request,
  context: CallContext,
) => Promise<Response>;

/** An implementation of a service from its generated handler types; an RPC left out answers UNIMPLEMENTED. */
export type RpcsOf<Handlers> = {
  readonly [
    Method in keyof Handlers as string extends Method ? never : Method
  ]?: Handlers[Method] extends handleUnaryCall<infer Request extends object, infer Response extends object>
    ? Rpc<Request, Response>
    : never;
};

/** Which RPC a wrapper stands around. */
export interface RpcMethod {
  /** For example `csi.v1.Node`. */
  readonly service: string;
  /** For example `NodeStageVolume`. */
  readonly name: string;
  /** Full name of the request's message, for example `csi.v1.NodeStageVolumeRequest`. */
  readonly requestType: string;
}

/** A concern that stands around every RPC, so that no RPC has a line of it. */
export type Interceptor = <Request extends object, Response extends object>(
  method: RpcMethod,
  next: Rpc<Request, Response>,
) => Rpc<Request, Response>;
