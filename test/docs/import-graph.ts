import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ts } from '@ts-morph/common';

/** One file imports another. `isType`: it imports only types, so nothing is imported at run time. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

export const root = join(__dirname, '..', '..');

/** @param folders at the top of the repository */
export function importsIn(...folders: string[]): Import[] {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  const code = paths.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'));
  return importsBetween(new Map(code.map((path) => [path, readFileSync(join(root, path), 'utf8')])));
}

/** @param files the text of the files, by path @throws if an import is none of them */
export function importsBetween(files: ReadonlyMap<string, string>): Import[] {
  return [...files].flatMap(([from, text]) =>
    importedBy(text, from)
      .filter(({ module }) => module.startsWith('.') && !/\.(json|css|svg)$/.test(module))
      .map(({ module, isType }) => {
        const path = join(dirname(from), module);
        const to = [path, `${path}.ts`, `${path}.tsx`, join(path, 'index.ts')].find((file) => files.has(file));
        if (to === undefined) throw new Error(`${from} imports '${module}', which is no file`);
        return { from, to, isType };
      }),
  );
}

/** The modules that a file imports. @param path its ending decides whether JSX is permitted */
export function importedBy(text: string, path: string): { module: string; isType: boolean }[] {
  const found: { module: string; isType: boolean }[] = [];
  const add = (module: ts.Node | undefined, isType: boolean) => {
    if (module && ts.isStringLiteral(module)) found.push({ module: module.text, isType });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause !== undefined && isOfTypes(node.importClause));
    else if (ts.isExportDeclaration(node))
      add(node.moduleSpecifier, node.isTypeOnly || hasOnlyTypes(node.exportClause));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function isOfTypes({ phaseModifier, name, namedBindings }: ts.ImportClause): boolean {
  return phaseModifier === ts.SyntaxKind.TypeKeyword || (name === undefined && hasOnlyTypes(namedBindings));
}

function hasOnlyTypes(bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  if (!bindings || (!ts.isNamedImports(bindings) && !ts.isNamedExports(bindings))) return false;
  return bindings.elements.length > 0 && bindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** The cycles of imports, each once, as lists of files. */
export function cyclesOf(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, isType } of imports) if (!isType) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[][] = [];
  const follow = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) cycles.push(way.slice(at));
    if (at >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) follow(to, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) follow(file, []);
  return cycles;
}
