/** Runs in the CEP page: the parts of its Node (17.7) that the engine needs, as narrow interfaces. */

interface ChildStream {
  write(chunk: Uint8Array): boolean;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  destroy(): void;
}

export interface ChildProcess {
  pid?: number | undefined;
  /** Input, output, errors, and the engine's answers. */
  stdio: readonly (ChildStream | null | undefined)[];
  on(event: "exit", listener: (code: number | null, signal: string | null) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  kill(signal: "SIGKILL"): boolean;
}

interface SpawnOptions {
  cwd: string;
  env: Record<string, string | undefined>;
  stdio: readonly "pipe"[];
  windowsHide: true;
}

export interface EngineNode {
  platform: string;
  arch: string;
  env: Record<string, string | undefined>;
  existsSync(path: string): boolean;
  readdirSync(path: string): string[];
  readText(path: string): string;
  spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Standard output of a short command; `why` says what went wrong. */
  execFile(
    file: string,
    args: readonly string[],
    options: { timeout: number; windowsHide: true },
    done: (error: Error | null, output: string) => void,
  ): unknown;
}

/** `load` is CEP's `require`, `process` its process. */
export function engineNode(
  load: (module: "fs" | "child_process") => unknown,
  process: Pick<EngineNode, "platform" | "arch" | "env">,
): EngineNode {
  const files = load("fs") as Pick<EngineNode, "existsSync" | "readdirSync"> & {
    readFileSync(path: string, encoding: "utf8"): string;
  };
  const children = load("child_process") as Pick<EngineNode, "spawn" | "execFile">;
  const { platform, arch, env } = process;
  return {
    platform,
    arch,
    env,
    existsSync: (path) => files.existsSync(path),
    readdirSync: (path) => files.readdirSync(path),
    readText: (path) => files.readFileSync(path, "utf8"),
    spawn: (...given) => children.spawn(...given),
    execFile: (...given) => children.execFile(...given),
  };
}
