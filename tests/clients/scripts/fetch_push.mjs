// Sends a request with fetch, under Node or Deno, and prints the answer's status: METHOD URL [BODY].
import process from "node:process";

const [method, url, body] = process.argv.slice(2);
const response = await fetch(url, { method, body });
await response.text();
console.log(response.status);
