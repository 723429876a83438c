/** Runs the command line in the process: arguments, signals and the exit code. @module */

import { fstatSync } from "node:fs";
import { buildInfo, type Origin } from "../build.ts";
import { runCli } from "./command_line.ts";

const STDERR = 2;
/** The width of a terminal that does not report it. */
const COLUMNS = 80;
const STOP_SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;

function catchStop(): AbortSignal {
  const stop = new AbortController();
  for (const [name, number] of Object.entries(STOP_SIGNALS)) {
    Deno.addSignalListener(name as keyof typeof STOP_SIGNALS, () => {
      if (stop.signal.aborted) Deno.exit(128 + number); // the second signal ends the process at once
      stop.abort();
    });
  }
  return stop.signal;
}

/** systemd identifies the stream that it has opened, so a stream that was redirected later is different. */
function isJournal(): boolean {
  const stream = Deno.env.get("JOURNAL_STREAM");
  if (!stream) return false;
  const { dev, ino } = fstatSync(STDERR);
  return stream === `${dev}:${ino}`;
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || COLUMNS; // some terminals report 0
  } catch {
    return COLUMNS;
  }
}

/**
 * Runs the command line of this process, and exits.
 *
 * @param origin the origin of a build. Absent: the program runs from source.
 */
export async function runProcess(origin?: Origin): Promise<never> {
  const encoder = new TextEncoder();
  const code = await runCli(Deno.args, {
    build: buildInfo(origin),
    env: (name) => Deno.env.get(name),
    stdin: Deno.stdin.readable,
    async out(text) {
      const bytes = encoder.encode(text);
      for (let sent = 0; sent < bytes.length;) {
        sent += await Deno.stdout.write(bytes.subarray(sent));
      }
    },
    err(text) {
      const bytes = encoder.encode(text);
      for (let sent = 0; sent < bytes.length;) {
        sent += Deno.stderr.writeSync(bytes.subarray(sent));
      }
    },
    isTerminal: Deno.stderr.isTerminal(),
    columns,
    isJournal: isJournal(),
    catchStop,
    onListening: (app) => Deno.addSignalListener("SIGHUP", () => void app.reload()),
  });
  Deno.exit(code);
}
