# Starting a client takes a second, and there are dozens of scenarios: the one that runs already is told what to do. The names
# have no characters that JSON would escape.
context=$MCP_CONFORMANCE_CONTEXT
[ -n "$context" ] || context={}
exec curl --silent --show-error --noproxy '*' --fail-with-body --data-binary @- "http://127.0.0.1:$1" <<END >&2
{
  "url": "$2",
  "scenario": "$MCP_CONFORMANCE_SCENARIO",
  "version": "$MCP_CONFORMANCE_PROTOCOL_VERSION",
  "context": $context
}
END
