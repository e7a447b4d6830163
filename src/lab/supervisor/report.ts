/** Where the parts of the lab say what the user should know. */
export interface Report {
  progress(message: string): void;
  /** Something is wrong and the lab goes on. */
  warning(message: string): void;
}
