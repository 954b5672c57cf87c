#!/usr/bin/env python3
"""Checks a Jangbu receipt offline, with nothing but Python's standard library.

    verify_receipt.py --vkey VKEY RECEIPT ENTRY
    verify_receipt.py --vkey VKEY --lines < lines.json

RECEIPT is a C2SP tlog-proof file, or the same content as JSON, ENTRY the file with the entry's bytes (as its bundle holds them), VKEY the log's public key
as it is published: name+hash+base64. It says that the entry stands in the ledger, at this place, under a checkpoint that the
ledger's key has signed. It asks no node and shares no code with the ledger's own verifier, so that one need not believe it.

--lines: each line of standard input is a JSON object {"receipt": hex, "entry": hex} and perhaps "vkey"; each line of the
output is "ok" or "refused: " and the reason.

Exit status: 0 verified, 1 refused (also any of the lines), 2 not called rightly. Formats: ledger/FORMAT.md.
"""
import argparse
import base64
import hashlib
import json
import sys

# Ed25519 (RFC 8032, section 5.1), in the plain way: clear and slow, about 10 ms a signature.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)  # extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z


class Refused(Exception):
    """What was checked does not hold; the text says why."""


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = NEUTRAL
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def decompress(data):
    """The point that 32 bytes stand for; None: they stand for none, or are not its one encoding."""
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        return None
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P != 0:
        x = x * SQRT_MINUS_1 % P
    if (x * x - x_squared) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verifies(public_key, message, signature):
    point_a, point_r = decompress(public_key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point_a is None or point_r is None or scalar >= ORDER:
        return False
    # A key or commitment of small order would verify more than one message.
    if equal(multiply(8, point_a), NEUTRAL) or equal(multiply(8, point_r), NEUTRAL):
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    return equal(multiply(scalar, BASE), add(point_r, multiply(challenge, point_a)))


def decode_base64(text):
    """RFC 4648, section 4, in its one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise Refused("not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise Refused("base64 in another spelling than its own")
    return data


def decode_hash(text):
    data = decode_base64(text)
    if len(data) != 32:
        raise Refused("a hash that is not 32 bytes long")
    return data


def decode_number(text, what):
    if not text or any(c not in "0123456789" for c in text) or (len(text) > 1 and text[0] == "0"):
        raise Refused(what + " is not a decimal number without leading zeros")
    if int(text) >= 2**64:
        raise Refused(what + " is too large")
    return int(text)


SPACES = set("\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000").union(map(chr, range(0x2000, 0x200B)))


def is_key_name(name):
    return bool(name) and all(c not in SPACES and c != "+" and ord(c) > 0x20 and ord(c) != 0x7F for c in name)


def parse_vkey(text):
    """(name, key hash, 32 bytes) of "name+hash+base64"."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]):
        raise Refused("not a vkey: name+hash+base64")
    name, key_hash, raw = parts[0], parts[1], decode_base64(parts[2])
    if len(raw) != 33 or raw[0] != 1:
        raise Refused("not the vkey of an Ed25519 log key")
    expected = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if key_hash != expected.hex():
        raise Refused("a vkey whose hash is not that of its name and key")
    return name, expected, raw[1:]


def open_checkpoint(note, vkey):
    """(size, root) of a signed note, under the log's key; the origin is the key's name."""
    name, key_hash, public_key = vkey
    if len(note) > 1_000_000:
        raise Refused("a note that is longer than any")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("a note that is not UTF-8") from error
    if any(ord(c) < 0x20 and c != "\n" for c in decoded):
        raise Refused("a control character in the note")
    text, separator, signatures = decoded.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise Refused("not a note: text, an empty line, signatures")
    text += "\n"
    lines = signatures[:-1].split("\n")
    if len(lines) > 100:
        raise Refused("more than 100 signatures")
    verified = False
    parsed = []
    for line in lines:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
            raise Refused("not a signature line")
        raw = decode_base64(parts[2])
        if len(raw) < 5:
            raise Refused("a signature that is too short")
        parsed.append((parts[1], raw[:4], raw[4:]))
    for signer, signer_hash, signature in parsed:
        if signer != name or signer_hash != key_hash:
            continue  # an unknown key: ignored, so that newer kinds can stand beside
        if len(signature) != 64 or not ed25519_verifies(public_key, text.encode(), signature):
            raise Refused("the log's signature does not verify")
        verified = True
    if not verified:
        raise Refused("no signature of the log's key")
    fields = text[:-1].split("\n")
    if len(fields) < 3 or "" in fields[3:]:
        raise Refused("not a checkpoint: origin, size, root")
    if fields[0] != name:
        raise Refused("the checkpoint of another ledger")
    return decode_number(fields[1], "the checkpoint's size"), decode_hash(fields[2])


def parse_json_receipt(receipt):
    """(index, proof, note) of {"origin", "sequence", "leaf", "received", "proof": {"index", "hashes", "checkpoint"}}; what
    stands beside the proof is not vouched for and not looked at, so no two readers can differ about it."""

    def unambiguous(pairs):
        if len(dict(pairs)) != len(pairs):
            raise Refused("a JSON receipt with the same member twice")
        return dict(pairs)

    try:
        proof = json.loads(receipt.decode("utf-8"), object_pairs_hook=unambiguous)["proof"]
        index, hashes, note = proof["index"], proof["hashes"], proof["checkpoint"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused("not a receipt: JSON with proof.index, proof.hashes, proof.checkpoint") from error
    if type(index) is not int or not 0 <= index < 2**64 or not isinstance(note, str):
        raise Refused("not a receipt: JSON with proof.index, proof.hashes, proof.checkpoint")
    if not isinstance(hashes, list) or len(hashes) > 64 or not all(isinstance(one, str) for one in hashes):
        raise Refused("not a receipt: proof.hashes is not a list of hashes")
    try:
        return index, [decode_hash(one) for one in hashes], note.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("a note that is not UTF-8") from error


def parse_receipt(receipt):
    """(index, proof, note) of a tlog-proof file, or of a receipt in JSON."""
    if receipt.lstrip()[:1] == b"{":
        return parse_json_receipt(receipt)
    head, separator, note = receipt.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused("a receipt whose head is not ASCII") from error
    if not separator or not note or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Refused("not a receipt: c2sp.org/tlog-proof@v1")
    if lines and lines[0].startswith("extra "):
        decode_base64(lines.pop(0)[len("extra "):])  # nothing vouches for it
    if not lines or not lines[0].startswith("index "):
        raise Refused("a receipt without an index")
    index = decode_number(lines.pop(0)[len("index "):], "the receipt's index")
    if len(lines) > 64:
        raise Refused("a proof that is longer than any")
    return index, [decode_hash(line) for line in lines], note


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(leaf, index, size, proof):
    """The root that the proof leads to: RFC 6962, section 2.1.1, read downwards from the root."""

    def walk(index, size, proof):
        if size == 1:
            if proof:
                raise Refused("a proof with too many hashes")
            return leaf
        if not proof:
            raise Refused("a proof with too few hashes")
        split = 1 << ((size - 1).bit_length() - 1)  # the largest power of two below size
        if index < split:
            return node_hash(walk(index, split, proof[:-1]), proof[-1])
        return node_hash(proof[-1], walk(index - split, size - split, proof[:-1]))

    if index >= size:
        raise Refused("the receipt's index is not in the checkpoint's tree")
    return walk(index, size, proof)


def verify(vkey, receipt, entry):
    """Returns (origin, index, size, root), or raises Refused."""
    key = parse_vkey(vkey)
    index, proof, note = parse_receipt(receipt)
    size, root = open_checkpoint(note, key)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    if root_from(leaf, index, size, proof) != root:
        raise Refused("the proof does not lead from this entry to the checkpoint's root")
    return key[0], index, size, root


def verify_lines(vkey):
    status = 0
    for line in sys.stdin:
        case = json.loads(line)
        try:
            verify(case.get("vkey", vkey), bytes.fromhex(case["receipt"]), bytes.fromhex(case["entry"]))
            print("ok")
        except Refused as reason:
            print("refused:", reason)
            status = 1
    return status


def main():
    parser = argparse.ArgumentParser(description="Checks a Jangbu receipt offline.")
    parser.add_argument("--vkey", default="", help="the ledger's public log key: name+hash+base64")
    parser.add_argument("--lines", action="store_true", help="read cases from standard input, a JSON object a line")
    parser.add_argument("receipt", nargs="?", help="a .tlog-proof file, or a receipt as JSON")
    parser.add_argument("entry", nargs="?", help="a file with the entry's bytes")
    arguments = parser.parse_args()
    if arguments.lines:
        return verify_lines(arguments.vkey)
    if not arguments.vkey or not arguments.receipt or not arguments.entry:
        parser.error("a vkey, a receipt and an entry are needed")
    try:
        with open(arguments.receipt, "rb") as receipt, open(arguments.entry, "rb") as entry:
            origin, index, size, root = verify(arguments.vkey, receipt.read(), entry.read())
    except OSError as error:
        parser.error(str(error))
    except Refused as reason:
        print("refused:", reason)
        return 1
    print(f"verified: entry {index} of {origin}, in its tree of {size} with the root {root.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
