/** Why an image cannot be made. */
export type ImageErrorKind = 'not-static' | 'missing-program' | 'no-package-source' | 'wrong-content';

/** A failure to make an image; the message names the program and what to do. */
export class ImageError extends Error {
  readonly kind: ImageErrorKind;

  constructor(kind: ImageErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'ImageError';
    this.kind = kind;
  }
}
