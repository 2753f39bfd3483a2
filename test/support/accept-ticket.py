"""Reads Kerberos tickets for the service that is named on the command line: a line of JSON in, a line of JSON out."""

import base64
import json
import sys

import gssapi
from gssapi.raw import ChannelBindings

# Otherwise an error that could be answered with a token is raised later.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False
name = gssapi.Name(sys.argv[1], gssapi.NameType.kerberos_principal)
credentials = gssapi.Credentials(name=name, usage="accept")

for line in sys.stdin:
    ticket = json.loads(line)
    binding = ticket.get("binding")
    bindings = ChannelBindings(application_data=base64.b64decode(binding)) if binding else None
    try:
        context = gssapi.SecurityContext(creds=credentials, usage="accept", channel_bindings=bindings)
        context.step(base64.b64decode(ticket["token"]))
        answer = {"principal": str(context.initiator_name)}
    except gssapi.exceptions.GSSError as error:
        answer = {"refusal": str(error)}
    print(json.dumps(answer), flush=True)
