/** What deploys and releases the service agrees with the service, and with itself. @module */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import manifest from "../../deno.json" with { type: "json" };
import { parseConfig } from "../../src/config/load.ts";
import { READS_YAML } from "../config/permissions.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const permissions = { ...READS_YAML, read: [root] };
const read = (path: string) => Deno.readTextFile(`${root}${path}`);
const WORKFLOWS = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

type Labels = Readonly<Record<string, string>>;

/** As much of a Kubernetes object as is looked at here. */
interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly clusterIP?: string;
    readonly publishNotReadyAddresses?: boolean;
    /** Of a Service the labels themselves. */
    readonly selector: Labels & { readonly matchLabels: Labels };
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: string;
    }[];
    readonly strategy: { readonly type: string };
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: PodSpec;
    };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface PodSpec {
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly subPath?: string;
    }[];
    readonly readinessProbe: Probe;
    readonly livenessProbe: Probe;
  }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap: { readonly name: string };
  }[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

async function readObjects(): Promise<readonly KubernetesObject[]> {
  const documents = parseAllDocuments(await read("deploy/kubernetes.yaml"));
  assert("length" in documents && Array.isArray(documents), "the file holds documents");
  return documents.map(({ errors, contents }) => {
    assert.deepEqual(errors, []);
    return contents?.toJSON();
  });
}

function only(objects: readonly KubernetesObject[], kind: string, name: string) {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  assert.equal(found.length, 1, `one ${kind} ${name}`);
  return found[0];
}

/** The value of `--name=value` among a command's arguments. */
function flagOf(args: readonly string[], name: string): string {
  const prefix = `--${name}=`;
  const values = args.filter((arg) => arg.startsWith(prefix));
  assert.equal(values.length, 1, `one --${name} in ${args.join(" ")}`);
  return values[0].slice(prefix.length);
}

function configOf(object: KubernetesObject) {
  const path = "dynamic-sharding.yml";
  return parseConfig(object.data[path] ?? "", { path, env: () => undefined });
}

Deno.test("every Kubernetes object has a kind, a name of its own and the namespace", {
  permissions,
}, async () => {
  const objects = await readObjects();
  const names = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => {
    assert.match(apiVersion, /^(apps\/)?v1$/);
    assert.equal(namespace, "monitoring");
    return `${kind} ${name}`;
  });
  assert.deepEqual(names.sort(), [
    "ConfigMap dynamic-sharding",
    "Deployment dynamic-sharding",
    "Service dynamic-sharding",
    "Service pushgateway",
    "StatefulSet pushgateway",
  ]);
});

for (const [kind, name] of [["Deployment", "dynamic-sharding"], ["StatefulSet", "pushgateway"]]) {
  Deno.test(`the Service ${name} finds the pods of the ${kind}, and a port they listen on`, {
    permissions,
  }, async () => {
    const objects = await readObjects();
    const { spec: { selector, ports } } = only(objects, "Service", name);
    const { spec: workload } = only(objects, kind, name);
    const { labels } = workload.template.metadata;
    assert(Object.keys(selector).length > 0, "a selector of nothing selects nothing");
    for (const [key, value] of Object.entries(selector)) assert.equal(labels[key], value, key);
    assert.deepEqual(workload.selector.matchLabels, labels, "what the workload calls its pods");

    const [container, ...others] = workload.template.spec.containers;
    assert.deepEqual(others, []);
    const [port] = ports;
    const listening = container.ports.find(({ name }) => name === port.targetPort);
    assert.equal(listening?.containerPort, port.port);
    for (const { httpGet } of [container.readinessProbe, container.livenessProbe]) {
      assert.equal(httpGet.port, port.targetPort);
    }
    assert.equal(container.readinessProbe.httpGet.path, "/-/ready");
    assert.equal(container.livenessProbe.httpGet.path, "/-/healthy");
  });
}

Deno.test("the ConfigMap names the SRV records of the pods of the StatefulSet, ready or not", {
  permissions,
}, async () => {
  const objects = await readObjects();
  const { spec: { serviceName, replicas } } = only(objects, "StatefulSet", "pushgateway");
  const { metadata, spec } = only(objects, "Service", serviceName);
  assert.equal(spec.clusterIP, "None", "only pods of a headless Service have names");
  assert.equal(spec.publishNotReadyAddresses, true);
  assert(replicas > 1, "there is something to shard");
  const [{ name }] = spec.ports;
  const { dnsSd } = configOf(only(objects, "ConfigMap", "dynamic-sharding"));
  assert.equal(dnsSd?.type, "SRV");
  assert.deepEqual(dnsSd?.names, [
    `_${name}._tcp.${metadata.name}.${metadata.namespace}.svc.cluster.local`,
  ]);
});

Deno.test("the Pushgateways keep their groups on the claimed volume", { permissions }, async () => {
  const { spec } = only(await readObjects(), "StatefulSet", "pushgateway");
  const [{ args, volumeMounts }] = spec.template.spec.containers;
  const [{ metadata: { name } }] = spec.volumeClaimTemplates;
  const mount = volumeMounts.find((mount) => mount.name === name);
  assert.equal(mount?.mountPath, dirname(flagOf(args, "persistence.file")));
});

Deno.test("the ConfigMap is mounted where --config.file points, and listens on the port", {
  permissions,
}, async () => {
  const objects = await readObjects();
  const configMap = only(objects, "ConfigMap", "dynamic-sharding");
  const { spec: { template } } = only(objects, "Deployment", "dynamic-sharding");
  const [{ args, volumeMounts, ports }] = template.spec.containers;
  const [volume] = template.spec.volumes.filter(({ configMap: { name } }) =>
    name === configMap.metadata.name
  );
  const mount = volumeMounts.find(({ name }) => name === volume?.name);
  assert(mount, "the ConfigMap is mounted");
  assert.equal(mount.subPath, undefined, "a subPath would never follow the ConfigMap");
  const files = Object.keys(configMap.data).map((file) => `${mount.mountPath}/${file}`);
  assert.deepEqual(files, [flagOf(args, "config.file")]);
  assert.equal(configOf(configMap).listen.port, ports[0].containerPort);
  assert(args.includes("--web.enable-lifecycle"), "nothing else can have it reload");
});

Deno.test("without Consul there are never two instances", { permissions }, async () => {
  const objects = await readObjects();
  const { spec } = only(objects, "Deployment", "dynamic-sharding");
  assert.equal(configOf(only(objects, "ConfigMap", "dynamic-sharding")).consul, undefined);
  assert.deepEqual([spec.replicas, spec.strategy.type], [1, "Recreate"]);
});

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** One that has steps, or one that is another workflow. */
interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}

async function readWorkflow(path: string): Promise<Workflow> {
  return parse(await read(path));
}

async function commandsOf(path: string): Promise<string> {
  const { jobs } = await readWorkflow(path);
  const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);
  return steps.flatMap(({ run = [] }) => run).join("\n");
}

/** The tasks that a text calls, by whatever name it calls Deno. */
function tasksIn(text: string): string[] {
  return [...text.matchAll(/deno\S*\s+task\s+([\w-]+)/gi)].map(([, task]) => task);
}

Deno.test("every task that is called is one of deno.json", { permissions }, async () => {
  const called = {
    ci: tasksIn(await commandsOf(WORKFLOWS[0])),
    release: tasksIn(await commandsOf(WORKFLOWS[1])),
    script: tasksIn(await read(".ci/run")),
    image: tasksIn(await read("Containerfile")),
  };
  assert.deepEqual(called.release, ["release"]);
  assert.deepEqual(called.image, ["compile"]);
  assert(["test", "compile"].every((task) => called.script.includes(task)), ".ci/run");
  assert.match(manifest.tasks.test, /^deno task ok && /);
  for (const task of Object.values(called).flat()) {
    assert(Object.hasOwn(manifest.tasks, task), `deno task ${task}`);
  }
});

Deno.test("CI runs its script, and a release only follows it, for a tag of the version", {
  permissions,
}, async () => {
  const [ci, release] = await Promise.all(WORKFLOWS.map(readWorkflow));
  assert.match(await commandsOf(WORKFLOWS[0]), /^bash \.ci\/run$/m);
  assert.deepEqual(Object.keys(ci.on).sort(), ["pull_request", "push", "workflow_call"]);
  assert.deepEqual(ci.permissions, { contents: "read" });
  assert.deepEqual(release.on, { push: { tags: ["v*"] } });
  assert.deepEqual(release.permissions, { contents: "write" });
  const { needs = "" } = release.jobs.release;
  assert.equal(release.jobs[needs]?.uses, `./${WORKFLOWS[0]}`);

  const commands = await commandsOf(WORKFLOWS[1]);
  const [check, make, publish] = ["deno.json", "task release", "gh release create"].map((text) =>
    commands.indexOf(text)
  );
  assert(0 <= check && check < make && make < publish, "checked, made, published");
});

for (const path of WORKFLOWS) {
  Deno.test(`the actions of ${path} are pinned to a major version`, { permissions }, async () => {
    const { jobs } = await readWorkflow(path);
    const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);
    const actions = steps.flatMap(({ uses = [] }) => uses);
    assert(actions.length > 0);
    for (const action of actions) assert.match(action, /^[\w-]+\/[\w-]+@v\d+$/);
  });
}

Deno.test("what is tested and what is compiled is of one Deno", { permissions }, async () => {
  const files = [".ci/run", "Containerfile", ...WORKFLOWS];
  const versions = await Promise.all(files.map(async (file) => {
    return [...(await read(file)).matchAll(/\bdeno[@:]([\d.]+)/g)].map(([, version]) => version);
  }));
  assert.equal(new Set(versions.flat()).size, 1, `${versions}`);
});

/** An instruction of a Containerfile, its lines joined. */
interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The stages of a Containerfile; the last one is the image. */
function parseStages(text: string): Instruction[][] {
  const lines = text.replace(/^\s*#.*\n/gm, "").replace(/\\\n\s*/g, "").split("\n");
  const stages: Instruction[][] = [];
  for (const line of lines.filter((line) => line.trim() !== "")) {
    const [, name, value] = /^(\w+)\s+(.*)$/.exec(line) ?? assert.fail(line);
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, value });
  }
  return stages;
}

/** Where an instruction is given several times, the last one counts. */
function last(stage: readonly Instruction[], name: string): string {
  const value = stage.findLast((instruction) => instruction.name === name)?.value;
  assert(value !== undefined, `an instruction ${name}`);
  return value;
}

function copiesOf(stage: readonly Instruction[]) {
  return stage.filter(({ name }) => name === "COPY").map(({ value }) => {
    const words = value.split(/\s+/);
    const names = words.filter((word) => !word.startsWith("--"));
    const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
    return { from, sources: names.slice(0, -1), target: names.at(-1) };
  });
}

async function readImage() {
  const stages = parseStages(await read("Containerfile"));
  const image = stages.at(-1) ?? assert.fail("a stage");
  return { stages, image, copies: copiesOf(image) };
}

Deno.test("the image runs as a user that is a number and not root", { permissions }, async () => {
  const { image } = await readImage();
  const [user] = last(image, "USER").split(":");
  assert.match(user, /^[1-9]\d*$/);
  const { spec } = only(await readObjects(), "Deployment", "dynamic-sharding");
  assert.equal(spec.template.spec.securityContext.runAsNonRoot, true);
});

Deno.test("the image starts what was compiled, on the sample and its port", {
  permissions,
}, async () => {
  const { stages, image, copies } = await readImage();
  const program = copies.find(({ from }) => from === "build");
  const workdir = last(stages[0], "WORKDIR");
  assert.deepEqual(program?.sources, [`${workdir}/dist/dynamic-sharding`]);
  assert.match(last(stages[0], "FROM"), / AS build$/);
  assert.deepEqual(JSON.parse(last(image, "ENTRYPOINT")), [program?.target]);

  const sample = copies.find(({ sources }) => sources.includes("dynamic-sharding.yml"));
  assert.equal(flagOf(JSON.parse(last(image, "CMD")), "config.file"), sample?.target);
  const path = "dynamic-sharding.yml";
  const { listen } = parseConfig(await read(path), { path, env: () => undefined });
  assert.equal(last(image, "EXPOSE"), String(listen.port));
});

Deno.test("what the image is built from is in the context, and what git leaves out is not", {
  permissions,
}, async () => {
  const { stages } = await readImage();
  const entries = (text: string) =>
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) =>
      line.replace(/\/$/, "")
    );
  const ignored = new Set(entries(await read(".dockerignore")));
  const local = stages.flatMap(copiesOf).filter(({ from }) => from === undefined);
  const sources = local.flatMap(({ sources }) => sources);
  assert(sources.includes("src"));
  for (const source of sources) {
    assert(!ignored.has(source), source);
    await Deno.stat(`${root}${source}`);
  }
  for (const entry of [".git", "tests", ...entries(await read(".gitignore"))]) {
    assert(ignored.has(entry), entry);
  }
});
