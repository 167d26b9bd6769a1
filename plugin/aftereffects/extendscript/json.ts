/** Runs in ExtendScript, which has no JSON object: text to values and back. */
import { HostRefusal } from "./refusal.ts";

export function stringify(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return isFinite(value) ? String(value) : "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  return value instanceof Array ? stringifyList(value) : stringifyRecord(value as { [key: string]: unknown });
}

function stringifyList(list: unknown[]): string {
  const parts: string[] = [];
  for (let i = 0; i < list.length; i++) parts.push(stringify(list[i]));
  return "[" + parts.join(",") + "]";
}

function stringifyRecord(record: { [key: string]: unknown }): string {
  const parts: string[] = [];
  for (const key in record) {
    if (record.hasOwnProperty(key)) parts.push(quote(key) + ":" + stringify(record[key]));
  }
  return "{" + parts.join(",") + "}";
}

/** Everything that isn't printable ASCII is escaped: no file encoding or line end can change it then. */
function quote(text: string): string {
  const parts: string[] = [];
  for (let i = 0; i < text.length; i++) parts.push(escaped(text.charAt(i), text.charCodeAt(i)));
  return '"' + parts.join("") + '"';
}

function escaped(character: string, code: number): string {
  const plain = code >= 0x20 && code < 0x7f && character !== '"' && character !== "\\";
  return plain ? character : "\\u" + ("0000" + code.toString(16)).slice(-4);
}

/**
 * Reads JSON with the interpreter, after a check that it is nothing else than JSON.
 *
 * The check is the one of RFC 4627, section 6: with strings, literals and numbers taken out, only
 * brackets, commas and colons may be left.
 */
export function parse(text: string): unknown {
  const skeleton = text
    .replace(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/g, "@")
    .replace(/"[^"\\\n\r]*"|true|false|null|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/g, "]")
    .replace(/(?:^|:|,)(?:\s*\[)+/g, "");
  if (!/^[\],:{}\s]*$/.test(skeleton)) {
    throw new HostRefusal(
      "internal",
      "The panel's message to After Effects is not JSON.",
      "Close the panel, open it again and repeat the step.",
    );
  }
  // U+2028 and U+2029 may stand in JSON strings and end a line in JavaScript.
  // biome-ignore lint/security/noGlobalEval: ExtendScript has no JSON.parse; the text was checked above.
  return eval("(" + text.replace(/\u2028/g, "\\u2028").replace(/\u2029/g, "\\u2029") + ")");
}
