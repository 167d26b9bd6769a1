/** Runs in Node: rows of numbers as Markdown tables. */

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
