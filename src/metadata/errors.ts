export type MetadataErrorKind =
  /** A manifest, or a line of find's, that is not of our form. */
  | 'unreadable'
  /** find or cp failed. */
  | 'failed';

export class MetadataError extends Error {
  override readonly name = 'MetadataError';
  readonly kind: MetadataErrorKind;

  constructor(kind: MetadataErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}
