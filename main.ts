/**
 * Runs the service from source. Compiled programs begin with a file of their own (`tools/build.ts`).
 *
 * @module
 */

import { runProcess } from "./src/cli/process.ts";

await runProcess();
