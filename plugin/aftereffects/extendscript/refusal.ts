/** Runs in ExtendScript: an error that says what to do. Not an Error subclass, which ES3 can't make. */
export class HostRefusal {
  readonly code: "no-selection" | "refused" | "offline-media" | "internal";
  readonly message: string;
  readonly remedy: string;

  constructor(code: HostRefusal["code"], message: string, remedy: string) {
    this.code = code;
    this.message = message;
    this.remedy = remedy;
  }
}
