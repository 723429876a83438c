import assert from "node:assert/strict";
import * as z from "zod";
import { ask } from "../../src/cli/ask.ts";
import { startApp } from "../integration/app.ts";

Deno.test("a command that is refused says which flag the service lacks", async () => {
  await using app = await startApp('pushgateway: {servers: ["127.0.0.1:9"]}\n', {
    enableAdminApi: false,
  });
  const path = "/api/v1/members/127.0.0.1:9/drain";
  await assert.rejects(ask(app, { method: "PUT", path, data: z.unknown() }), {
    message: `${app.url}${path} answered 403: Admin API is not enabled. ` +
      "(it needs --web.enable-admin-api)",
  });
});
