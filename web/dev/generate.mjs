// Writes src/api/schema.ts, the types of the server's answers, from its description.
// Several operations of the description have the same name, which types cannot have: they are known by their paths.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const HEADER =
  "// Written by `npm run generate` from docs/reference/openapi.json: not to be changed by hand.\n\n";

const description = JSON.parse(
  await readFile(new URL("../../docs/reference/openapi.json", import.meta.url), "utf8"),
);
for (const operation of Object.values(description.paths).flatMap(Object.values)) {
  delete operation.operationId;
}
const types = astToString(await openapiTS(description));
await writeFile(new URL("../src/api/schema.ts", import.meta.url), HEADER + types);
