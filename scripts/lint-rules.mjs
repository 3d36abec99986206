// Lint rules of this project, for everything but tests, benchmarks and scripts:
// - no host function that engines may round differently (Math.exp, **, ...): the same seed has to give the same bits
//   everywhere, so these come from core/math.ts;
// - no address of the WebAssembly memory outside backend/: what stands above it hands tensors to launches.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import ts from "typescript";

const roots =
  "backend core nn tda optim data io train runs study report cli examples index.ts internal.ts".split(" ");
const forbidden = new Set(
  "pow exp expm1 log log1p log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh cbrt hypot random".split(
    " ",
  ),
);
const power = new Set([ts.SyntaxKind.AsteriskAsteriskToken, ts.SyntaxKind.AsteriskAsteriskEqualsToken]);

const filesBelow = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
const isMath = (node) => ts.isIdentifier(node) && node.text === "Math";

/** Names that reach into the memory. internal.ts hands two of them to the tests of the kernels. */
const addresses = new Set(["kernels", "memoryViews", "addressOf", "targetOf", "ptr"]);
const mayHoldAddresses = (file) => file.startsWith("backend") || file === "internal.ts";

function offence(node, file) {
  if (ts.isIdentifier(node) && addresses.has(node.text) && !mayHoldAddresses(file)) {
    return `${node.text} reaches into the WebAssembly memory: only backend/ may; use or add a launch`;
  }
  const differing = hostMath(node);
  return differing && `${differing} differs between engines: use core/math.ts`;
}

function hostMath(node) {
  if (ts.isPropertyAccessExpression(node) && isMath(node.expression) && forbidden.has(node.name.text)) {
    return `Math.${node.name.text}`;
  }
  if (ts.isElementAccessExpression(node) && isMath(node.expression)) return "Math[...]";
  if (ts.isVariableDeclaration(node) && node.initializer && isMath(node.initializer))
    return "an alias of Math";
  // A power of two constants is folded exactly: 2 ** 31.
  if (ts.isBinaryExpression(node) && power.has(node.operatorToken.kind)) {
    return ts.isNumericLiteral(node.left) && ts.isNumericLiteral(node.right) ? null : "**";
  }
  return null;
}

let offences = 0;
for (const file of roots.flatMap((root) => (extname(root) === "" ? filesBelow(root) : [root]))) {
  if (![".ts", ".mjs", ".js"].includes(extname(file))) continue;
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true);
  const visit = (node) => {
    const what = offence(node, file);
    if (what !== null) {
      const { line, character } = source.getLineAndCharacterOfPosition(node.getStart());
      console.error(`${file}:${line + 1}:${character + 1} ${what}`);
      offences++;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}
process.exitCode = offences === 0 ? 0 : 1;
