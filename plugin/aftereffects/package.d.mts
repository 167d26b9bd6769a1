/** Contents of the extension by file name, without the engine. */
export function extensionFiles(): Promise<Record<string, string | Uint8Array>>;

/** Makes the extension's folder, engine and all. */
export function packageExtension(wishes: {
  folder: string;
  /** As "win32-x64". */
  platforms: string[];
  /** A Node to take along, by platform. */
  nodes?: Record<string, string>;
}): Promise<string>;
