/** Contents of the extension by file name. */
export function extensionFiles(): Promise<Record<string, string | Uint8Array>>;
