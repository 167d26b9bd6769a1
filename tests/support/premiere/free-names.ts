/** Which names a script takes from its surroundings, found in its syntax tree without running it. */
import { type AnyNode, type Node, parse } from "acorn";

/** Identifiers that are read but declared nowhere in the script, and member names read of `global` objects. */
export function freeNames(script: string): Set<string> {
  const declared = new Set<string>(["arguments", "undefined", "NaN", "Infinity"]);
  const used = new Set<string>();
  visit(parse(script, { ecmaVersion: 2020, sourceType: "script" }), (node, parent, key) => {
    for (const name of patternNames(node)) declared.add(name);
    if (node.type !== "Identifier") return;
    if (isDeclaration(parent, key)) declared.add(node.name);
    else if (isReference(parent, key)) used.add(node.name);
  });
  return new Set([...used].filter((name) => !declared.has(name)));
}

/** Names of all members that are read, e.g. "at" of `list.at(0)`. */
export function memberNames(script: string): Set<string> {
  const names = new Set<string>();
  visit(parse(script, { ecmaVersion: 2020, sourceType: "script" }), (node) => {
    if (node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier") {
      names.add(node.property.name);
    }
  });
  return names;
}

type Visitor = (node: AnyNode, parent: AnyNode | null, key: string) => void;

function visit(node: Node, visitor: Visitor, parent: AnyNode | null = null, key = ""): void {
  visitor(node as AnyNode, parent, key);
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, visitor, node as AnyNode, name);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** The names that `{ a: b, c }` binds directly. */
function patternNames(node: AnyNode): string[] {
  if (node.type !== "ObjectPattern") return [];
  return node.properties.flatMap((each) =>
    each.type === "Property" && each.value.type === "Identifier" ? [each.value.name] : [],
  );
}

const PATTERNS = ["ArrayPattern", "RestElement", "AssignmentPattern"];

function isDeclaration(parent: AnyNode | null, key: string): boolean {
  if (!parent) return false;
  if (
    parent.type === "VariableDeclarator" ||
    parent.type === "ClassDeclaration" ||
    parent.type === "ClassExpression"
  ) {
    return key === "id";
  }
  if (parent.type.includes("Function")) return key === "params" || key === "id";
  if (parent.type === "CatchClause") return key === "param";
  return PATTERNS.includes(parent.type) && key !== "right";
}

function isReference(parent: AnyNode | null, key: string): boolean {
  if (!parent) return true;
  if (parent.type === "MemberExpression") return key === "object" || parent.computed;
  if (parent.type === "Property") return key === "value" || parent.computed;
  if (parent.type === "MethodDefinition") return key === "value" || parent.computed;
  return (
    parent.type !== "LabeledStatement" &&
    parent.type !== "BreakStatement" &&
    parent.type !== "ContinueStatement"
  );
}
