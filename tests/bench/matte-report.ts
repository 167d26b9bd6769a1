/** Runs in Node: rows of numbers as Markdown tables, in a file of several. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

export interface Table {
  title: string;
  /** What the numbers are and how they were got. */
  about: string;
  head: string[];
  rows: (string | number)[][];
}

export function markdown({ title, about, head, rows }: Table): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [`## ${title}`, "", about, "", line(head), line(rule), ...rows.map(line), ""].join("\n");
}

export const percent = (share: number) => (share * 100).toFixed(1);
export const pixels = (value: number) => value.toFixed(2);

/** Prints the table and puts it in its place in the file; what else is there stays. */
export function writeTable(path: string, table: Table): void {
  const text = markdown(table);
  console.log(text);
  const [before = "", ...sections] = existsSync(path) ? sectionsOf(readFileSync(path, "utf8")) : [];
  writeFileSync(path, `${before}\n${withSection(sections, text).join("\n")}`);
}

/** What stands before the first title, and each table from its title on. */
function sectionsOf(file: string): string[] {
  return file.split(/^(?=## )/m).map((section) => `${section.trimEnd()}\n`);
}

function withSection(sections: string[], table: string): string[] {
  const title = (text: string) => text.slice(0, text.indexOf("\n"));
  const at = sections.findIndex((section) => title(section) === title(table));
  return at < 0 ? [...sections, table] : sections.with(at, table);
}
