// `osh policy schema`: what osh reads, as JSON Schema 2020-12, so that an editor can complete and
// underline. The compiler is the judge; the schema knows shapes and words only.

#include "launcher/cli/policy_command.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy schema", "",
        "Prints the schema of policy files as JSON Schema. osh-policy(5) tells what they mean.",
        {{"--json", "", "the same: it is JSON"}}, Positionals::Intermixed};
    return options;
}

constexpr char const* kSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "OpenShell sandbox policy as osh reads it",
  "type": "object",
  "required": ["version"],
  "additionalProperties": false,
  "properties": {
    "version": {"const": 1},
    "filesystem_policy": {
      "type": ["object", "null"], "additionalProperties": false,
      "properties": {
        "include_workdir": {"type": "boolean"},
        "read_only": {"$ref": "#/$defs/paths"},
        "read_write": {"$ref": "#/$defs/paths"}
      }
    },
    "landlock": {
      "type": ["object", "null"], "additionalProperties": false,
      "properties": {"compatibility": {"enum": ["best_effort", "hard_requirement"]}}
    },
    "process": {
      "type": ["object", "null"], "additionalProperties": false,
      "properties": {"run_as_user": {"type": "string"}, "run_as_group": {"type": "string"}}
    },
    "network_policies": {
      "type": ["object", "null"],
      "additionalProperties": {
        "type": "object", "additionalProperties": false,
        "properties": {
          "name": {"type": "string"},
          "endpoints": {"type": "array", "items": {"$ref": "#/$defs/endpoint"}},
          "binaries": {
            "type": "array",
            "items": {
              "type": "object", "required": ["path"], "additionalProperties": false,
              "properties": {"path": {"type": "string"}, "harness": {"type": "boolean"}}
            }
          }
        }
      }
    },
    "network_middlewares": {
      "type": ["object", "null"], "maxProperties": 10,
      "additionalProperties": {
        "type": "object", "required": ["middleware", "endpoints"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string"},
          "middleware": {"const": "openshell/regex"},
          "order": {"type": "integer"},
          "config": {"type": "object"},
          "on_error": {"enum": ["fail_closed", "fail_open"]},
          "endpoints": {
            "type": "object", "additionalProperties": false,
            "properties": {"include": {"$ref": "#/$defs/texts"}, "exclude": {"$ref": "#/$defs/texts"}}
          }
        }
      }
    }
  },
  "$defs": {
    "texts": {"type": "array", "items": {"type": "string"}},
    "paths": {"type": "array", "maxItems": 256, "items": {"type": "string", "pattern": "^/"}},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "limit": {"type": "integer", "minimum": 1, "maximum": 4294967295},
    "matcher": {
      "oneOf": [
        {"type": "string"},
        {"type": "object", "required": ["any"], "additionalProperties": false,
         "properties": {"any": {"$ref": "#/$defs/texts"}}},
        {"type": "object", "required": ["glob"], "additionalProperties": false,
         "properties": {"glob": {"type": "string"}}}
      ]
    },
    "rule": {
      "type": "object",
      "properties": {
        "method": {"type": "string"},
        "path": {"type": "string"},
        "command": {"type": "string"},
        "query": {"type": "object", "additionalProperties": {"$ref": "#/$defs/matcher"}},
        "operation_type": {"type": "string"},
        "operation_name": {"type": "string"},
        "fields": {"$ref": "#/$defs/texts"},
        "tool": {"$ref": "#/$defs/matcher"},
        "params": {"type": "object"},
        "git": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "repository": {"type": "string"},
            "operation": {"enum": ["fetch", "push"]},
            "refs": {"$ref": "#/$defs/texts"},
            "force": {"type": "boolean", "default": false},
            "delete": {"type": "boolean", "default": false},
            "tags": {"type": "boolean", "default": false},
            "push_options": {"$ref": "#/$defs/texts"}
          }
        }
      }
    },
    "endpoint": {
      "type": "object", "additionalProperties": false,
      "anyOf": [{"required": ["port"]}, {"required": ["ports"]}],
      "properties": {
        "host": {"type": "string"},
        "port": {"type": "integer", "minimum": 0, "maximum": 65535},
        "ports": {"type": "array", "items": {"$ref": "#/$defs/port"}},
        "path": {"type": "string"},
        "protocol": {"enum": ["tcp", "rest", "websocket", "graphql", "sql", "json-rpc", "mcp"]},
        "tls": {"type": "string"},
        "enforcement": {"enum": ["audit", "enforce"], "default": "audit"},
        "access": {"enum": ["read-only", "read-write", "full"]},
        "rules": {
          "type": "array",
          "items": {"type": "object", "required": ["allow"], "additionalProperties": false,
                    "properties": {"allow": {"$ref": "#/$defs/rule"}}}
        },
        "deny_rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
        "allowed_ips": {"$ref": "#/$defs/texts"},
        "allow_encoded_slash": {"type": "boolean"},
        "websocket_credential_rewrite": {"type": "boolean"},
        "request_body_credential_rewrite": {"type": "boolean"},
        "allow_uninspected_credentials": {"type": "boolean"},
        "persisted_queries": {"enum": ["deny", "allow_registered"], "default": "deny"},
        "graphql_persisted_queries": {
          "type": "object",
          "additionalProperties": {
            "type": "object", "additionalProperties": false,
            "properties": {"operation_type": {"type": "string"}, "operation_name": {"type": "string"},
                           "fields": {"$ref": "#/$defs/texts"}}
          }
        },
        "graphql_max_body_bytes": {"$ref": "#/$defs/limit"},
        "json_rpc": {
          "type": "object", "additionalProperties": false,
          "properties": {"max_body_bytes": {"$ref": "#/$defs/limit"}}
        },
        "mcp": {
          "type": "object", "additionalProperties": false,
          "properties": {"max_body_bytes": {"$ref": "#/$defs/limit"},
                         "strict_tool_names": {"type": "boolean"},
                         "allow_all_known_mcp_methods": {"type": "boolean"}}
        },
        "credential_signing": {"type": "string"},
        "signing_service": {"type": "string"},
        "signing_region": {"type": "string"},
        "credential_binding": {
          "type": "object", "required": ["provider"], "additionalProperties": false,
          "properties": {"provider": {"type": "string"}}
        }
      }
    }
  }
}
)json";

} // namespace

int policy_schema(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    fmt::print("{}", kSchema);
    return kPolicyFine;
}

} // namespace osh::cli
