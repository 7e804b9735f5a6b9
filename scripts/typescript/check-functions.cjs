// Is a function of the website longer than a reader takes in at once?
//   node check-functions.cjs <folder of TypeScript> <module>…
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");

const LINES = 40;
const [folder, ...modules] = process.argv.slice(2);
const ts = require(resolve(folder, "node_modules/typescript"));

const tooLong = modules.flatMap((path) => {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const line = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const found = [];
  const visit = (node) => {
    const [first, last] = [line(node.getStart(source)), line(node.end)];
    if (ts.isFunctionLike(node) && last - first + 1 > LINES) {
      found.push(`${path}:${first}: a function of ${last - first + 1} lines. Divide it: ${LINES} are the most.`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
});
if (modules.length === 0) tooLong.push("No modules to check: name them.");
tooLong.forEach((text) => console.error(text));
process.exitCode = tooLong.length ? 1 : 0;
