/**
 * What the UXP script context of Premiere has and `@adobe/cc-ext-uxp-types` 7.3.1 lacks or gets wrong.
 *
 * Source: AdobeDocs/uxp-premiere-pro, `src/pages/uxp-api/reference-js` (global members, modules/fs) and the
 * UXP 8.0 note on local webview content. Nothing else may be used here: this is no browser.
 */
declare function setTimeout(callback: () => void, milliseconds: number): number;
declare function clearTimeout(timer: number): void;
declare const console: { log(...values: unknown[]): void; error(...values: unknown[]): void };

declare function require(name: "premierepro"): import("@adobe/premierepro").premierepro;
declare function require(name: "fs"): import("./host-environment.ts").FileSystem;
declare function require(name: "uxp"): UxpModule;
declare function require(name: "os"): { platform(): string; release(): string; arch(): string };

interface UxpModule {
  host: { name: string; version: string; uiLocale: string };
  versions: { uxp: string; plugin: string };
  storage: {
    localFileSystem: {
      getDataFolder(): Promise<{ nativePath: string }>;
      getTemporaryFolder(): Promise<{ nativePath: string }>;
      /** Null when the person closes the dialogue without choosing. */
      getFolder(): Promise<{ nativePath: string } | null>;
    };
  };
}

/** UXP 8.0: `src` may be `plugin:/…`. `targetOrigin` is optional, `transfer` does nothing. */
interface UxpWebView {
  src: string;
  postMessage(message: unknown, targetOrigin?: string): void;
  addEventListener?(type: "message", listener: (event: { data: unknown }) => void): void;
}

/** The script context's global object; messages of the webview's page arrive here. */
declare const window: {
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
};
