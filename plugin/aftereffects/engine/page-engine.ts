/** Runs in the CEP page: the engine of this page, with the parts that the extension's folder has. */
import { type CepPage, dataFolderOf, pathOf } from "../cep-page.ts";
import { engineNode } from "./cep-node.ts";
import { type StartedEngine, startEngine } from "./start-engine.ts";

/** `secret` goes along in the environment. Rejects with words for the person where nothing could be started. */
export function startEngineOf(
  { __adobe_cep__: cep, cep_node }: CepPage,
  secret: { variable: string; value: string },
): Promise<StartedEngine> {
  const process = cep_node.require("process") as Parameters<typeof engineNode>[1];
  const places = { extensionFolder: pathOf(cep.getSystemPath("extension")), dataFolder: dataFolderOf(cep) };
  return startEngine(engineNode(cep_node.require, process), places, secret);
}
