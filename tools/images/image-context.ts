/** What every step of making images is given; made once, by main. */
export type ImageContext = {
  readonly checkout: string;
  /** What is built where it is not the checkout itself: another commit of it, or one that was changed. */
  readonly tree?: string;
  /** Of the driver's image; `dev` unless given. */
  readonly tag?: string;
  /** The user's cache folder of this project. */
  readonly cache: string;
  /** Where archives go that the nodes of the local cluster get. */
  readonly images: string;
  readonly logs: string;
  /** For npm's and the proxies' settings, and PATH. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A terminal that can be redrawn. */
  readonly interactive: boolean;
  readonly signal: AbortSignal;
};
