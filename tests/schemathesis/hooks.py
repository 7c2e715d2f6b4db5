"""What a client knows and no schema tells: credentials, signatures, and which offers there are. Loaded by schemathesis."""

import base64
import json
import random
import time
import urllib.request
import uuid

import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

USERS = ["alice", "bob"]
KEYS = {user: Ed25519PrivateKey.from_private_bytes(bytes([index + 1]) * 32) for index, user in enumerate(USERS)}

# How often what was generated is replaced by what is there.
KNOWN = 0.5

# A poll that is held open for longer than this holds up the whole run, in milliseconds.
LONGEST_WAIT = 50

# The same choices in every run.
chance = random.Random(1)
known = {"codes": [], "offers": [], "rpc": []}


def needs_credentials(context):
    return "security" in context.operation.definition.raw


@schemathesis.auth(refresh_interval=3600).apply_to(needs_credentials)
class Peer:
    """One peer's credentials for all requests that need any."""

    def get(self, case, context):
        request = urllib.request.Request(f"{case.operation.schema.get_base_url().rstrip('/')}/register", method="POST")
        with urllib.request.urlopen(request) as answer:
            peer = json.load(answer)
        return f"{peer['peerId']}:{peer['secret']}"

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, **kwargs):
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("wait"), (int, float)):
        body["wait"] = min(body["wait"], LONGEST_WAIT)
    # A chain of calls knows its offers by itself.
    is_chained = case.meta is not None and case.meta.phase.name == "stateful"
    if "offerId" in (case.path_parameters or {}) and not is_chained and known["offers"] and chance.random() < KNOWN:
        case.path_parameters["offerId"] = chance.choice(known["offers"])
    if case.operation.path == "/rendezvous/redeem":
        case.headers = case.headers or {}
        case.headers["X-Forwarded-For"] = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
        if isinstance(body, dict) and "code" in body and not is_chained and known["codes"] and chance.random() < KNOWN:
            body["code"] = known["codes"].pop()
    if case.operation.path == "/rpc":
        for call in body if isinstance(body, list) else [body]:
            if isinstance(call, dict):
                prepare(call)


@schemathesis.hook
def after_call(context, case, response):
    try:
        answer = response.json()
    except ValueError:
        return
    if case.operation.path == "/rpc":
        replies = answer if isinstance(answer, list) else [answer]
        found = [offer for reply in replies if isinstance(reply, dict) for offer in offers_of(reply.get("result"))]
        remember("rpc", [offer.get("offerId") for offer in found])
    elif case.operation.path == "/offers" and isinstance(answer, dict):
        remember("offers", [offer.get("id") for offer in offers_of(answer)])
    elif case.operation.path == "/rendezvous/code" and isinstance(answer, dict):
        remember("codes", [answer.get("code")])


def offers_of(result):
    offers = result.get("offers") if isinstance(result, dict) else None
    return [offer for offer in offers if isinstance(offer, dict)] if isinstance(offers, list) else []


def remember(kind, ids):
    known[kind].extend(one for one in ids if isinstance(one, str))
    del known[kind][:-50]


def prepare(call):
    """Most calls get what they need to be carried out; what is wrong in the rest of them stays wrong."""
    params = call.get("params")
    user = chance.choice(USERS)
    if isinstance(params, dict):
        if isinstance(params.get("wait"), (int, float)):
            params["wait"] = min(params["wait"], LONGEST_WAIT)
        if "offerId" in params and known["rpc"] and chance.random() < KNOWN:
            params["offerId"] = chance.choice(known["rpc"])
        service = params.get("serviceFqn")
        if isinstance(service, str) and "@" in service and chance.random() < KNOWN:
            params["serviceFqn"] = f"{service.rpartition('@')[0]}@{user}"
    if not isinstance(call.get("method"), str) or chance.random() > KNOWN:
        return
    if isinstance(call.get("message"), str):
        sign_message(call, user)
    elif "auth" in call or chance.random() < KNOWN:
        sign_params(call, user)


def sign_message(call, user):
    key = KEYS[user]
    action = "claim" if call["method"] == "claimUsername" else call["method"]
    call["message"] = f"{action}:{user}:{milliseconds()}"
    call["signature"] = signed(key, call["message"])
    call["publicKey"] = text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    if action == "claim" and isinstance(call.get("params"), dict):
        call["params"] |= {"username": user, "publicKey": call["publicKey"]}


def sign_params(call, user):
    key = KEYS[user]
    timestamp = milliseconds()
    nonce = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    params = json.dumps(plain(call.get("params", {})), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    call["auth"] = {
        "publicKey": key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": signed(key, f"{timestamp}:{nonce}:{call['method']}:{params}"),
    }


def plain(value):
    """The value with its numbers as JavaScript writes them, where that is an easy matter."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


def signed(key, message):
    return text(key.sign(message.encode("utf-8", "surrogatepass")))


def text(data):
    return base64.b64encode(data).decode()


def milliseconds():
    return int(time.time() * 1000)
