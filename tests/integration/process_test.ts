/** The process: how it starts, what it says when it cannot, and how it ends. @module */

import assert from "node:assert/strict";
import { type Finished, run } from "../../tools/command.ts";
import { freePort } from "../../tools/ports.ts";
import { startProcess } from "../../tools/process.ts";
import { waitFor } from "../../tools/wait.ts";
import { type Service, serviceCommand, startService } from "./service.ts";

const CONFIG = "pushgateway: {servers: ['127.0.0.1:9']}\n";

async function cli(...flags: string[]): Promise<Finished> {
  const { command, args } = serviceCommand();
  return await run(command, [...args, ...flags]);
}

async function withFile(text: string, use: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, text);
    await use(file);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("a port in use ends the process with one clear line", async () => {
  const port = freePort();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  await withFile(CONFIG, async (file) => {
    const { code, stderr } = await cli(
      `--config.file=${file}`,
      `--web.listen-address=127.0.0.1:${port}`,
    );
    assert.equal(code, 1);
    assert.match(stderr, /^time=\S+ level=error [^\n]*\n$/);
    assert(
      stderr.includes(
        'msg="service cannot start" ' +
          `err="cannot listen on 127.0.0.1:${port}: Address already in use (os error 98)"\n`,
      ),
      stderr,
    );
  });
});

Deno.test("a missing configuration file ends the process with one clear line", async () => {
  const { code, stderr } = await cli("--config.file", "no-such-file.yml");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^time=\S+ level=error \S+ msg="configuration not loaded" problem="no-such-file.yml: expected a file, found none"\n$/,
  );
});

Deno.test("every problem of a file is said at the start, each with its place", async () => {
  await withFile(
    "http_listen_addr: 9292\npushgateway: {port: 99999, server: [a]}\n",
    async (file) => {
      for (const flags of [["--config.file", file], ["check-config", file]]) {
        const { code, stderr } = await cli(...flags);
        assert.equal(code, 1);
        const problems = stderr.trim().split("\n").map((line) => {
          const logged = / level=error .* msg="configuration not loaded" problem=(".*")$/.exec(
            line,
          );
          const problem = logged ? JSON.parse(logged[1]) as string : line;
          return problem.replace(`${file}:`, "");
        });
        assert.deepEqual(problems, [
          '1:19: http_listen_addr: expected [host]:port as in ":9292", found "9292"',
          "2:14: pushgateway.servers: expected at least one server, found none",
          '2:21: pushgateway.port: expected a port from 1 to 65535, found "99999"',
          '2:28: pushgateway: unknown key "server", did you mean "servers"?',
        ]);
      }
    },
  );
});

Deno.test("a service without free file descriptors closes idle connections, and answers again", async () => {
  await withFile(CONFIG, async (file) => {
    const { command, args } = serviceCommand();
    const port = freePort();
    const limited = ["-c", 'ulimit -n 100 && exec "$@"', "sh", command, ...args];
    await using service = await startProcess("sh", {
      args: [...limited, `--config.file=${file}`, `--web.listen-address=127.0.0.1:${port}`],
      ready: ({ output }) => output.includes("msg=listening"),
    });
    const clients = new DisposableStack();
    try {
      for (let i = 0; i < 120; i++) {
        clients.use(await Deno.connect({ hostname: "127.0.0.1", port }));
      }
      await waitFor(
        () => / msg="accepting connections works again.* closed=[1-9]/.test(service.output()),
        {
          what: "idle connections to be closed",
        },
      );
      const answer = await fetch(`http://127.0.0.1:${port}/-/healthy`);
      assert.equal(await answer.text(), "OK\n");
    } finally {
      clients.dispose();
    }
    assert.equal((await service.stop()).code, 0);
  });
});

Deno.test("a valid file passes the check", async () => {
  await withFile(CONFIG, async (file) => {
    const { code, stdout } = await cli("check-config", file);
    assert.deepEqual({ code, stdout }, {
      code: 0,
      stdout: `${file} is valid: servers: 1, static\n`,
    });
  });
});

Deno.test("SIGTERM and SIGINT end the process with 0", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using service = await startService({ config: CONFIG });
    service.process.kill(signal);
    assert.equal((await service.process.exited).code, 0, signal);
  }
});

Deno.test("a request in flight is answered before the process ends", async () => {
  await using service = await startService({ config: CONFIG, flags: ["--web.enable-lifecycle"] });
  using request = await slowRequest(service);
  service.process.kill("SIGTERM");
  await refusesConnections(service.url);
  request.finish();
  assert.match(await request.answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*configuration reloaded\n/);
  assert.equal((await service.process.exited).code, 0);
});

Deno.test("a second signal ends the process at once", async () => {
  await using service = await startService({ config: CONFIG, flags: ["--web.enable-lifecycle"] });
  using _request = await slowRequest(service);
  service.process.kill("SIGTERM");
  await refusesConnections(service.url);
  service.process.kill("SIGTERM");
  assert.equal((await service.process.exited).code, 128 + 15);
});

/** A reload of a file that is a pipe: a request that takes until somebody has written to it. */
async function slowRequest(
  { url, configFile }: Service,
): Promise<{ answer: Promise<string>; finish: () => void } & Disposable> {
  await Deno.remove(configFile);
  assert.equal((await run("mkfifo", [configFile])).code, 0);
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const headers = "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(headers));
  const pipe = await Deno.open(configFile, { write: true }); // opens once the service reads it
  let open = true;
  const close = () => {
    if (open) pipe.close();
    open = false;
  };
  const answer = new Response(connection.readable).text();
  answer.catch(() => {}); // a killed service resets the connection
  return {
    answer,
    finish() {
      pipe.writeSync(new TextEncoder().encode(CONFIG));
      close();
    },
    [Symbol.dispose]: close,
  };
}

async function refusesConnections(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  await waitFor(async () => {
    try {
      (await Deno.connect({ hostname, port: Number(port) })).close();
      return false;
    } catch {
      return true;
    }
  }, { what: "the service to stop listening" });
}
