/** Runs in the CEP page: what page and Node can do here, for the self-check. Changes nothing. */
import type { EngineNode } from "./engine/cep-node.ts";
import { type EnginePlaces, findNode } from "./engine/find-node.ts";
import type { CheckLine } from "./self-check.ts";

/** `nodeVersion`: of the Node inside CEP. */
export async function checkPage(
  node: EngineNode,
  nodeVersion: string,
  places: EnginePlaces,
): Promise<CheckLine[]> {
  return [
    { name: "The page has WebGL", unit: "", ...webgl() },
    { name: "WebAssembly may use threads", unit: "", ...threads() },
    { name: "Node in the page", unit: "", finding: nodeVersion, detail: "" },
    { name: "A process can be started for the engine", unit: "", ...(await engineProcess(node, places)) },
  ];
}

type Answer = Pick<CheckLine, "finding" | "detail">;

function webgl(): Answer {
  const context = document.createElement("canvas").getContext("webgl");
  if (!context) return { finding: false, detail: "nothing of Masklet needs it" };
  return { finding: true, detail: String(context.getParameter(context.VERSION)) };
}

function threads(): Answer {
  const shared = typeof SharedArrayBuffer === "function";
  const detail = `cross-origin isolated: ${globalThis.crossOriginIsolated}; SharedArrayBuffer: ${shared}; ${navigator.hardwareConcurrency} processors`;
  return { finding: shared, detail };
}

async function engineProcess(node: EngineNode, places: EnginePlaces): Promise<Answer> {
  try {
    const { path, version } = await findNode(node, places);
    return { finding: true, detail: `Node ${version} answered from ${path}` };
  } catch (error) {
    return { finding: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
