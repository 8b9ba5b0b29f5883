// Loaded before a client that knows no tokens: each of its requests to the server under test gets one, unless it brings its own.
import diagnostics from "node:diagnostics_channel";

const { MPP_TOKEN: token, MPP_URL: url } = process.env;
const { port } = new URL(url);
const bearer = `Bearer ${token}`;

// fetch, and requests of undici.
diagnostics.subscribe("undici:request:create", ({ request }) => {
    const has = [request.headers].flat().some((header) => String(header).toLowerCase().startsWith("authorization"));
    if (!has && new URL(String(request.origin)).port === port) {
        request.addHeader("authorization", bearer);
    }
});
// Requests of node:http.
diagnostics.subscribe("http.client.request.created", ({ request }) => {
    if (!request.hasHeader("authorization") && String(request.getHeader("host")).endsWith(`:${port}`)) {
        request.setHeader("authorization", bearer);
    }
});
