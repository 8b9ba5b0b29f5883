// The TypeScript SDK, whose parser is the strictest for the older revisions: lists and calls over standard input and output.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [command, folder] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");

const client = new Client({ name: "test", version: "1" });
const args = ["serve", "--update-every", "never"];
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "ignore" }));
const { tools } = await client.listTools();
assert.ok(tools.some((tool) => tool.name === "test_simple_text"), "the tools are listed");
const text = await client.callTool({ name: "test_simple_text", arguments: {} });
assert.equal(text.content[0].text, "This is a simple text response for testing.");
const picture = await client.callTool({ name: "test_image_content", arguments: {} });
assert.equal(picture.content[0].type, "image");
const failed = await client.callTool({ name: "test_error_handling", arguments: {} });
assert.equal(failed.isError, true);
const wrong = await client.callTool({ name: "fixtures_echo", arguments: { text: 1 } });
assert.match(wrong.content[0].text, /^tool\.arguments/);
await assert.rejects(client.callTool({ name: "none", arguments: {} }), /-32602/);
let told = 0;
const onprogress = () => (told += 1);
await client.callTool({ name: "test_tool_with_progress", arguments: {} }, undefined, { onprogress });
assert.ok(told >= 2, `progress was told ${told} times`);
await client.close();
console.log("the TypeScript SDK lists, calls and hears of progress");
