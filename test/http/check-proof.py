"""Checks proofs of bitdoh with nothing of bitdoh's: written from the Namecoin protocol alone.

Reads a JSON list of cases from standard input, each {"asked": NAME, "proof": {...}, "known": {"network": {...},
"tip": {...}, "roots": {HEIGHT: ROOT}}}: what was asked for, what came, and what the checker knows from elsewhere.
Prints a line a case: "ok", or what is wrong.
"""

import json
import sys
from hashlib import sha256


class Wrong(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Wrong(what)


def dsha(octets):
    return sha256(sha256(octets).digest()).digest()


def shown(digest):
    return digest[::-1].hex()


def own(text):
    digest = bytes.fromhex(text)
    check(len(digest) == 32, 'a hash of another length')
    return digest[::-1]


class Reader:
    def __init__(self, octets):
        self.octets = octets
        self.at = 0

    def take(self, count):
        check(self.at + count <= len(self.octets), 'ends too early')
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), 'little')

    def count(self):
        first = self.number(1)
        return first if first < 0xfd else self.number({0xfd: 2, 0xfe: 4, 0xff: 8}[first])

    def data(self):
        return self.take(self.count())

    def hashes(self):
        return [self.take(32) for _ in range(self.count())]


def transaction(reader):
    """The version, the scripts of inputs and of outputs, and the octets without witnesses."""
    version = reader.take(4)
    witnessed = reader.octets[reader.at:reader.at + 2] == b'\0\1'
    if witnessed:
        reader.take(2)
    start = reader.at
    inputs = []
    for _ in range(reader.count()):
        reader.take(36)
        inputs.append(reader.data())
        reader.take(4)
    outputs = []
    for _ in range(reader.count()):
        reader.take(8)
        outputs.append(reader.data())
    body = reader.octets[start:reader.at]
    if witnessed:
        for _ in inputs:
            for _ in range(reader.count()):
                reader.data()
    stripped = version + body + reader.take(4)
    return int.from_bytes(version, 'little'), inputs, outputs, stripped


def pushes(script):
    """The leading name operation of an output: (opcode, arguments), or None."""
    if script[:1] not in (b'\x52', b'\x53'):
        return None
    reader = Reader(script)
    code = reader.number(1)
    arguments = []
    for _ in range(3 if code == 0x52 else 2):
        length = reader.number(1)
        check(length <= 0x4e, 'no push')
        if length >= 0x4c:
            length = reader.number({0x4c: 1, 0x4d: 2, 0x4e: 4}[length])
        arguments.append(reader.take(length))
    return code, arguments


def fold(leaf, branch, index):
    for sibling in branch:
        leaf = dsha(sibling + leaf) if index & 1 else dsha(leaf + sibling)
        index >>= 1
    check(index == 0, 'a position outside the tree')
    return leaf


def key_of(asked):
    if '/' in asked:
        return asked
    labels = asked.lower().rstrip('.').split('.')
    check(len(labels) >= 2 and labels[-1] == 'bit', 'no name under .bit')
    return 'd/' + labels[-2]


def check_transaction(proof):
    reader = Reader(bytes.fromhex(proof['transaction']))
    version, _, outputs, stripped = transaction(reader)
    check(reader.at == len(reader.octets), 'octets behind the transaction')
    check(version == 0x7100, 'no name transaction')
    check(len(stripped) != 64, 'a transaction like an inner node')
    check(shown(dsha(stripped)) == proof['txid'], 'txid is not the hash of the transaction')
    name = proof['key'].encode()
    values = [found[1][-1] for found in map(pushes, outputs) if found is not None and found[1][0] == name]
    check(len(values) == 1, 'the transaction is not about the name')
    check(values[0].hex() == proof['value']['hex'], 'value.hex is not in the transaction')
    try:
        text = values[0].decode()
    except UnicodeDecodeError:
        text = None
    check(proof['value'].get('text') == text, 'value.text is not the value')


def check_block(proof, network):
    header = bytes.fromhex(proof['header'])
    check(len(header) == 80, 'header has not 80 octets')
    check(shown(dsha(header)) == proof['blockHash'], 'blockHash is not the hash of header')
    root = fold(own(proof['txid']), [own(text) for text in proof['branch']], proof['position'])
    check(root == header[36:68], 'the branch does not lead to the Merkle root')
    bits = int.from_bytes(header[72:76], 'little')
    target = (bits & 0x7fffff) << (8 * ((bits >> 24) - 3))
    check(0 < target <= network['limit'], 'a target out of range')
    merged = header[1] & 1
    check(merged == ('auxPow' in proof), 'AuxPoW there, or not, against the version')
    check(int.from_bytes(header[2:4], 'little') == 1, 'another chain id')
    work = check_aux_pow(bytes.fromhex(proof['auxPow']), header) if merged else dsha(header)
    check(int.from_bytes(work, 'little') <= target, 'not enough work')


def check_aux_pow(whole, header):
    """The hash of the parent block, once it is shown that this one was mined for the header."""
    check(whole[:80] == header, 'auxPow belongs to another header')
    reader = Reader(whole)
    reader.take(80)
    _, inputs, _, coinbase = transaction(reader)
    reader.take(32)
    coinbase_branch = reader.hashes()
    reader.take(4)
    chain_branch = reader.hashes()
    chain_index = reader.number(4)
    parent = reader.take(80)
    check(reader.at == len(whole), 'octets behind the AuxPoW')
    check(len(chain_branch) <= 30, 'chain branch too long')
    check(fold(dsha(coinbase), coinbase_branch, 0) == parent[36:68], 'coinbase not in the parent')
    chain_root = fold(dsha(header), chain_branch, chain_index)[::-1]
    script = inputs[0]
    at = script.find(chain_root)
    check(at >= 0, 'coinbase does not hold the chain root')
    magic = script.find(bytes.fromhex('fabe6d6d'))
    check(magic + 4 == at if magic >= 0 else at <= 20, 'chain root at another place')
    tail = script[at + 32:at + 40]
    check(len(tail) == 8, 'no size and nonce')
    size, nonce = int.from_bytes(tail[:4], 'little'), int.from_bytes(tail[4:], 'little')
    check(size == 1 << len(chain_branch), 'another number of chains')
    slot = nonce
    for step in (1, 0):
        slot = (slot * 1103515245 + 12345 + step) % 2 ** 32
    check(chain_index == slot % size, 'another chain index')
    return dsha(parent)


def check_place(proof, known):
    """Height and expiry, against a root over all headers and a tip that are known from elsewhere."""
    place, height, tip = proof['headerBranch'], proof['height'], proof['tip']
    check(height <= place['checkpoint'], 'above the checkpoint')
    check(len(place['branch']) == place['checkpoint'].bit_length(), 'a header branch of another length')
    root = fold(own(proof['blockHash']), [own(text) for text in place['branch']], height)
    check(shown(root) == place['root'], 'the header branch does not lead to the root')
    check(known['roots'].get(str(place['checkpoint'])) == place['root'], 'another root is known')
    check(tip == known['tip'], 'another tip is known')
    check(proof['confirmations'] == tip['height'] - height + 1, 'confirmations do not fit')
    check(proof['expiresIn'] == height + known['network']['expiry'] - tip['height'], 'expiry does not fit')
    check(proof['expiresIn'] > 0, 'expired')


def check_name(proof, asked):
    check(proof['outcome'] == 'found', 'not found')
    check(proof['name'] == asked, 'another name')
    check(proof['key'] == key_of(asked), 'another key')
    name = proof['key'].encode()
    push = bytes([len(name)]) if len(name) < 0x4c else bytes([0x4c, len(name)])
    script = b'\x53' + push + name + b'\x00\x6d\x75\x6a'
    check(shown(sha256(script).digest()) == proof['scripthash'], 'another scripthash')


def verdict(case):
    try:
        proof, known = case['proof'], case['known']
        known['network']['limit'] = int(known['network']['limit'], 16)
        check_name(proof, case['asked'])
        check_transaction(proof)
        check_block(proof, known['network'])
        check_place(proof, known)
        return 'ok'
    except Wrong as wrong:
        return str(wrong)
    except (KeyError, TypeError, ValueError) as error:
        return 'malformed: ' + repr(error)


for case in json.load(sys.stdin):
    print(verdict(case))
