/** The options of every command that needs a world. */
export interface WorldOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}
