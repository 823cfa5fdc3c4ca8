"""A real ZRE peer, pyre (https://github.com/zeromq/pyre), that serves and asks as Sleuth does. Prints what it is answered.
Arguments: interface, UDP port, its service, the service to ask."""
import base64, gzip, json, sys, uuid
from pyre import Pyre

interface, port, own, other = sys.argv[1:]
node = Pyre("pyre-peer-of-thirty-two-letters-")
node.set_interface(interface)
node.set_port(port.encode())  # pyre takes it as it sends it
me = node.uuid().hex.upper()
for name, value in {"group": "SLEUTH-v1", "node": me, "type": own, "version": "1"}.items():
    node.set_header(name, value)
node.start()
node.join("SLEUTH-v1")


def say(kind, to, value):
    node.whisper(uuid.UUID(bytes=to), b"SLEUTH-v1" + kind + gzip.compress(json.dumps(value).encode()))


def encoded(text):
    return base64.b64encode(text).decode()


while True:
    event = node.recv()
    kind, sender = event[0].decode(), event[1]
    print(json.dumps({"event": kind}), flush=True)
    if kind == "ENTER" and json.loads(event[3]).get("type") == other:
        say(b"REPL", sender, {"body": encoded(b"from pyre"), "destination": me, "handle": "0",
                              "header": {"X-Req": ["1"]}, "method": "POST", "url": "/ask?x=1"})
    if kind == "WHISPER":
        value = json.loads(gzip.decompress(event[3][13:]))
        if event[3][9:13] == b"REPL":
            say(b"RECV", sender, {"body": encoded(b"to " + value["url"].encode()), "code": 203,
                                  "handle": value["handle"], "header": {"X-Py": ["re"]}})
        else:
            print(json.dumps({"event": "RECV", "value": value}), flush=True)
