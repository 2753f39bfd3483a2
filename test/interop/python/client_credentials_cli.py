"""Debian's python3-msal as a confidential client: one JSON request a line on stdin, one JSON answer a line on stdout."""

import json
import sys

import msal


def application(request):
    return msal.ConfidentialClientApplication(
        request["client_id"],
        authority=request["authority"],
        client_credential=request["credential"],
        verify=request["ca_file"],
        # The authority is nobody the instance discovery of Entra knows.
        instance_discovery=False,
    )


OPERATIONS = {
    "app_token": lambda app, request: app.acquire_token_for_client(request["scopes"]),
    "on_behalf_of": lambda app, request: app.acquire_token_on_behalf_of(request["assertion"], request["scopes"]),
}


for line in sys.stdin:
    order = json.loads(line)
    try:
        reply = {"result": OPERATIONS[order["operation"]](application(order), order)}
    except Exception as failure:  # The test shall see it, and the next request shall be answered.
        reply = {"failure": "{}: {}".format(type(failure).__name__, failure)}
    print(json.dumps(reply), flush=True)
