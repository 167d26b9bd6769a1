/** The text of the ES3 script that After Effects runs. */
export function bundleExtendScript(): Promise<string>;
