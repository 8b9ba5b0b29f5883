//! The description of the API (OpenAPI 3.1), made from the list of what there is. A test asks the API whether it is true.

use serde_json::{Value as Json, json};

/// One thing to ask for: its path below `/api/v1`, its parameters, what it gives.
pub(super) struct Operation {
    /// The path, with `{parameter}` where something stands for itself.
    pub(super) path: &'static str,
    /// What it is called.
    id: &'static str,
    /// What it gives.
    summary: &'static str,
    /// Fields that its answer has.
    pub(super) fields: &'static [&'static str],
}

/// Everything but package files.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/openapi.json",
        id: "openapi",
        summary: "This description",
        fields: &["openapi", "info", "paths"],
    },
    Operation {
        path: "/search.json",
        id: "search",
        summary: "The packages that hold every word, best first, at most 50",
        fields: &["fitting", "packages"],
    },
    Operation {
        path: "/everything.json",
        id: "everything",
        summary: "All packages with what a search needs",
        fields: &["packages"],
    },
    Operation {
        path: "/packages/{namespace}/{name}.json",
        id: "package",
        summary: "A package with its versions",
        fields: &["name", "latest", "owners", "versions", "advisories"],
    },
    Operation {
        path: "/packages/{namespace}/{name}/{version}.json",
        id: "version",
        summary: "One version with its manifest, tools, permissions in sentences, and README",
        fields: &["name", "version", "file", "size", "manifest", "tools", "asks_to", "unusual", "signers"],
    },
    Operation {
        path: "/packages/{namespace}/{name}/{version}/since/{from}.json",
        id: "difference",
        summary: "What changes from one version to another",
        fields: &["name", "from", "to", "tools", "newly_asks_for", "new_signers"],
    },
    Operation {
        path: "/namespaces/{namespace}.json",
        id: "namespace",
        summary: "Who owns a namespace, and who did",
        fields: &["name", "records", "packages"],
    },
    Operation {
        path: "/head.json",
        id: "head",
        summary: "The signed head, as it stands",
        fields: &["signed", "signatures"],
    },
    Operation {
        path: "/log.json",
        id: "log",
        summary: "How long the log is, its hash, and until when it is fresh",
        fields: &["registry", "root", "length", "hash", "fresh_until"],
    },
];

/// The description.
pub(super) fn description() -> Json {
    let mut paths = serde_json::Map::new();
    for operation in OPERATIONS {
        paths.insert(operation.path.to_owned(), json!({ "get": get(operation) }));
    }
    paths.insert("/../../blobs/{digest}.mpp".to_owned(), file());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "MPP registry", "version": "1",
            "description": "What a registry says, as its signed head proves it. Reading only: publishing is a git push. Every answer has an ETag; a problem is an RFC 9457 document.",
        },
        "servers": [{ "url": "." }],
        "paths": paths,
        "components": { "schemas": { "Problem": {
            "type": "object", "required": ["type", "title", "status", "detail", "code"],
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" }, "detail": { "type": "string" },
                "code": { "type": "string", "description": "A stable code: the chapter `errors` of the specification lists them." },
            },
        } } },
    })
}

fn get(operation: &Operation) -> Json {
    let mut parameters: Vec<Json> = operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if operation.id == "search" {
        parameters.push(json!({ "name": "q", "in": "query", "description": "Words that must all occur", "schema": { "type": "string", "maxLength": 200 } }));
        parameters.push(json!({ "name": "kind", "in": "query", "schema": { "type": "string", "enum": ["tool", "filter", "plugin"] } }));
    }
    json!({
        "operationId": operation.id, "summary": operation.summary, "parameters": parameters,
        "responses": {
            "200": { "description": operation.summary, "content": { "application/json": { "schema": { "type": "object", "required": operation.fields } } } },
            "default": problem(),
        },
    })
}

fn file() -> Json {
    json!({ "get": {
        "operationId": "file", "summary": "A package file by its SHA-256; parts of it with `Range`",
        "parameters": [{ "name": "digest", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^[0-9a-f]{64}$" } }],
        "responses": {
            "200": { "description": "The file", "content": { "application/vnd.mpp.package.v1+tar": {} } },
            "206": { "description": "A part of it", "content": { "application/vnd.mpp.package.v1+tar": {} } },
            "default": problem(),
        },
    } })
}

fn problem() -> Json {
    json!({
        "description": "What went wrong",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}
