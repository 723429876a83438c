/** The service from source; what is compiled begins with a file of its own (`tools/build.ts`). @module */

import { runProcess } from "./src/cli/process.ts";

await runProcess();
