// Pushes one gauge with prom-client: METHOD ADDRESS JOB INSTANCE METRIC VALUE.
import process from "node:process";
import { Gauge, Pushgateway, Registry } from "prom-client";

const [method, address, jobName, instance, name, value] = process.argv.slice(2);
const registry = new Registry();
new Gauge({ name, help: "Pushed by a test.", registers: [registry] }).set(Number(value));
const gateway = new Pushgateway(`http://${address}`, {}, registry);
const group = { jobName, groupings: { instance } };
if (method === "PUT") await gateway.push(group);
else if (method === "POST") await gateway.pushAdd(group);
else await gateway.delete(group);
