"""Debian's python3-msal behind a pipe: one JSON request a line on stdin, one JSON answer a line on stdout.

Every request carries the cache as text and gets it back, so that the cache is all that connects one to the next.
"""

import json
import sys

import msal


def application(request, cache):
    kind = msal.ConfidentialClientApplication if request.get("secret") else msal.PublicClientApplication
    return kind(
        request["client_id"],
        authority=request["authority"],
        client_credential=request.get("secret"),
        token_cache=cache,
        verify=request["ca_file"],
        # The authority is nobody the instance discovery of Entra knows.
        instance_discovery=False,
    )


def account(app, request):
    wanted = request["home_account_id"]
    return next((one for one in app.get_accounts() if one["home_account_id"] == wanted), None)


OPERATIONS = {
    "accounts": lambda app, request: app.get_accounts(),
    "start_sign_in": lambda app, request: app.initiate_auth_code_flow(
        request["scopes"], redirect_uri=request["redirect_uri"]
    ),
    "finish_sign_in": lambda app, request: app.acquire_token_by_auth_code_flow(request["flow"], request["response"]),
    "silent": lambda app, request: app.acquire_token_silent(request["scopes"], account=account(app, request)),
    "app_token": lambda app, request: app.acquire_token_for_client(request["scopes"]),
    "cached_app_token": lambda app, request: app.acquire_token_silent(request["scopes"], account=None),
    "sign_out": lambda app, request: app.remove_account(account(app, request)),
}


def answer(request):
    cache = msal.SerializableTokenCache()
    cache.deserialize(request["cache"])
    result = OPERATIONS[request["operation"]](application(request, cache), request)
    return {"result": result, "cache": cache.serialize()}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as failure:  # The test shall see it, and the next request shall be answered.
        reply = {"failure": "{}: {}".format(type(failure).__name__, failure)}
    print(json.dumps(reply), flush=True)
