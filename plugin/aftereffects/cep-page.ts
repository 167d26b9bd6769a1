/** Runs in the CEP page: whether this is one, and the host behind it. */
import { AfterEffectsHost } from "./after-effects-host.ts";
import { type Cep, type NodeFiles, ScriptCalls } from "./cep.ts";
import { engineNode } from "./engine/cep-node.ts";
import type { EnginePlaces } from "./engine/find-node.ts";
import { checkPage } from "./page-check.ts";
import type { CheckLine } from "./self-check.ts";

/** What CEP 12 puts into a page's window; `cep_node` is there with `--enable-nodejs`. */
export interface CepPage {
  __adobe_cep__: Cep;
  cep_node: { require: (module: "fs" | "child_process" | "process") => unknown };
}

/** A still of a 4K frame takes After Effects up to a few seconds. */
const STILL_POLL = { pollMilliseconds: 50, pollCount: 400 };

export function isCepPage(page: object): page is CepPage {
  return "__adobe_cep__" in page && "cep_node" in page;
}

export function connectToAfterEffects({ __adobe_cep__: cep, cep_node }: CepPage): AfterEffectsHost {
  const files = cep_node.require("fs") as NodeFiles;
  const dataFolder = dataFolderOf(cep);
  files.mkdirSync(dataFolder, { recursive: true });
  const calls = new ScriptCalls(cep, files, dataFolder);
  const extensionFolder = pathOf(cep.getSystemPath("extension"));
  const pageCheck = () => checkCepPage(cep_node, { extensionFolder, dataFolder });
  return new AfterEffectsHost({ calls, files, dataFolder, ...STILL_POLL, pageCheck });
}

function checkCepPage({ require }: CepPage["cep_node"], places: EnginePlaces): Promise<CheckLine[]> {
  // biome-ignore lint/style/useNodejsImportProtocol: CEP's own require, by the name that `CepPage` gives.
  const process = require("process") as Parameters<typeof engineNode>[1] & { versions: { node: string } };
  return checkPage(engineNode(require, process), process.versions.node, places);
}

/** The panel's own data. */
export function dataFolderOf(cep: Cep): string {
  return `${pathOf(cep.getSystemPath("userData"))}/Masklet`;
}

/** CEP answers with a file URL on macOS ("file:///Users/…") and Windows ("file:///C:/…"), or with a path. */
export function pathOf(place: string): string {
  const path = decodeURI(place.replace(/^file:\/\//, ""));
  return path.replace(/^\/(?=[a-z]:)/i, "");
}
