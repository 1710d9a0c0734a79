import path from 'node:path';
import { socketPathComplaint } from '../runtime/socket-path.ts';
import { CsiError } from './errors.ts';

/** CSI_ENDPOINT as the specification writes it, `unix:///path.sock`, or a bare absolute path; gives the path. */
export function parseCsiEndpoint(endpoint: string): string {
  const socketPath = withoutScheme(endpoint);
  if (!path.isAbsolute(socketPath)) {
    throw invalidEndpoint(endpoint, 'the path of the socket is not absolute; write unix:///csi/csi.sock');
  }
  const complaint = socketPathComplaint(socketPath);
  if (complaint !== undefined) throw invalidEndpoint(endpoint, complaint);
  return path.normalize(socketPath);
}

function withoutScheme(endpoint: string): string {
  if (endpoint.startsWith('unix://')) return endpoint.slice('unix://'.length);
  if (endpoint.startsWith('unix:')) return endpoint.slice('unix:'.length);
  if (/^[a-z]+:/i.test(endpoint)) throw invalidEndpoint(endpoint, 'only unix sockets are served');
  return endpoint;
}

function invalidEndpoint(endpoint: string, complaint: string): CsiError {
  return new CsiError('invalid-argument', `CSI endpoint "${endpoint}": ${complaint}`);
}
