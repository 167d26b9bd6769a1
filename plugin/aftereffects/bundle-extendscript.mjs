/** Runs in Node: bundles `extendscript/` to one ES3 script, which is what After Effects runs. */
import { parse } from "acorn";
import { transform } from "esbuild";
import { rollup } from "rollup";
import ts from "typescript";

/** TypeScript goes down to ES5; the sources use nothing of ES5 that isn't ES3, which `checkedEs3` proves. */
const toEs5 = {
  name: "typescript-es5",
  transform: (code, id) =>
    ts.transpileModule(code, {
      fileName: id,
      compilerOptions: {
        target: ts.ScriptTarget.ES5,
        ignoreDeprecations: "5.0",
        module: ts.ModuleKind.ES2015,
        removeComments: true,
      },
    }).outputText,
};

/** The script's text: one global function, `masklet(name, argumentFile)`. */
export async function bundleExtendScript() {
  const bundle = await rollup({
    input: "plugin/aftereffects/extendscript/main.ts",
    plugins: [toEs5],
    // The JSON reader evaluates what it has checked: ExtendScript has no JSON.parse.
    onwarn: (warning, warn) => warning.code === "EVAL" || warn(warning),
  });
  const { output } = await bundle.generate({
    format: "iife",
    name: "maskletHost",
    strict: false,
    esModule: false,
    generatedCode: "es5",
  });
  await bundle.close();
  const code = `${output[0].code}\nvar masklet = maskletHost.masklet;\n`;
  // Printed once more, because TypeScript keeps trailing commas, which ES3 counts as another element.
  return checkedEs3((await transform(code, { target: "es5", charset: "ascii", logLevel: "error" })).code);
}

function checkedEs3(code) {
  parse(code, { ecmaVersion: 3, sourceType: "script" });
  return code;
}
