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
/** Rejects in words where Adobe's tool is missing or fails; else the signed file's path. */
export function sign(
  certificate: string,
  passwordFile: string,
  places?: { folder?: string; signed?: string },
): Promise<string>;
